/* SPDX-License-Identifier: Apache-2.0 */
/* How a keeper starts its job. */
#ifndef WSHD_KEEPER_KEEPER_LAUNCH_H
#define WSHD_KEEPER_KEEPER_LAUNCH_H

#include "wshd/keeper/keeper.h"
#include "wshd/pty.h"

struct launched {
	pid_t first;  /* the job's first process; 0: it could not be started */
	int error_fd; /* says why it could not go on; -1 */
	struct pty terminal;
};

/* Moves what a keeper needs to the numbers of enum keeper_fd and closes everything else. */
bool keeper_launch_prepare(const struct wshd *wshd, const struct keeper_start *start, int socket);

/* Starts the job's first process. NULL, or what could not be done, with errno. */
const char *keeper_launch(const struct wshd *wshd, const struct keeper_start *start,
			  struct launched *launched);

#endif
