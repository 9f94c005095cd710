/* SPDX-License-Identifier: Apache-2.0 */
/* Moves bytes between two descriptors, for wsh and for the keeper of a job on a terminal. */
#ifndef WSHD_RELAY_H
#define WSHD_RELAY_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

/* Moves bytes from one descriptor to another, through a small buffer. */
struct relay {
	int from, to; /* -1: that side is closed */
	size_t start, end;
	char buffer[4096]; /* a pipe that is ready takes so many at once */
};

void relay_init(struct relay *relay, int from, int to);
/* Fills in what to wait for: two entries of poll(2). */
void relay_poll(const struct relay *relay, struct pollfd *fds);
/* Moves what can be moved. False when nothing more will ever come, and all of it is written. */
bool relay_move(struct relay *relay, const struct pollfd *fds);
/* Closes both sides. */
void relay_close(struct relay *relay);
/* Whether it holds bytes that are not written yet. */
bool relay_holds(const struct relay *relay);

#endif
