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
	char buffer[4096]; /* PIPE_BUF: a pipe with POLLOUT takes it without blocking */
};

/* Takes ownership of both descriptors. */
void relay_init(struct relay *relay, int from, int to);
/* Fills in two entries for poll(2). */
void relay_poll(const struct relay *relay, struct pollfd *fds);
/* Reads or writes once, according to the results of poll(2) in `fds`. False if the source is closed
 * and everything is written; both descriptors are closed then. */
bool relay_move(struct relay *relay, const struct pollfd *fds);
/* Closes both sides. */
void relay_close(struct relay *relay);
/* Whether the buffer has bytes that are not written yet. */
bool relay_has_data(const struct relay *relay);

#endif
