/* SPDX-License-Identifier: Apache-2.0 */
/* A shell's terminal, of the container's own devpts. */
#ifndef WSHD_TERMINAL_H
#define WSHD_TERMINAL_H

#include <stdbool.h>
#include <sys/types.h>

#include "wshd/protocol.h"

struct terminal {
	int master, slave; /* -1: none */
};

/* Makes one, of the size that the message tells. False and errno when it cannot. */
bool terminal_open(struct terminal *terminal, const struct wshd_shell *shell);

/* Sends the master to wsh and closes both ends. */
void terminal_hand_over(struct terminal *terminal, int connection);

/* Makes it the controlling terminal, and the standard streams, of this process, which has just
 * begun a session. False and errno when it cannot. */
bool terminal_enter(int slave);

/* Gives it to a user, as login does. */
bool terminal_give(int slave, uid_t uid);

#endif
