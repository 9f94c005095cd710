/* SPDX-License-Identifier: Apache-2.0 */
/* A terminal of the container's own devpts, for a shell or a job. */
#ifndef WSHD_PTY_H
#define WSHD_PTY_H

#include <stdbool.h>
#include <sys/types.h>

#include "proto/wshd_protocol.h"

struct pty {
	int master, slave; /* -1: none */
};

/* Makes one of this size. False and errno when it cannot. */
bool pty_open(struct pty *terminal, const struct wshd_window *window);

/* Gives it another size; one that has gone needs none. */
void pty_resize(int master, const struct wshd_window *window);

/* Sends the master to wsh and closes both ends. */
void pty_hand_over(struct pty *terminal, int connection);

/* Makes it the controlling terminal, and the standard streams, of this process, which has just
 * begun a session. False and errno when it cannot. */
bool pty_enter(int slave);

/* Gives it to a user, as login does. */
bool pty_give(int slave, uid_t uid);

#endif
