/* SPDX-License-Identifier: Apache-2.0 */
/* A pseudo terminal in the container's devpts, for a shell or a job. */
#ifndef WSHD_PTY_H
#define WSHD_PTY_H

#include <stdbool.h>
#include <sys/types.h>

#include "proto/wshd_protocol.h"

struct pty {
	int master, slave; /* -1: none */
};

/* Makes a terminal of this size. False and errno on failure; the caller closes what is open. */
bool pty_open(struct pty *terminal, const struct wshd_window *window);

/* Changes its size. Errors are ignored: the terminal may be closed. */
void pty_resize(int master, const struct wshd_window *window);

/* Sends the master to wsh and closes both ends. */
void pty_hand_over(struct pty *terminal, int connection);

/* Makes the slave the controlling terminal and the standard streams of this process, which is a
 * session leader without a terminal. False and errno on failure. */
bool pty_enter(int slave);

/* Makes `uid` and the group tty its owners, as login does. False and errno on failure. */
bool pty_set_owner(int slave, uid_t uid);

#endif
