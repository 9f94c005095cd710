/* SPDX-License-Identifier: Apache-2.0 */
/* The start of a job: arranges the descriptors of the keeper and forks the first process. */
#ifndef WSHD_KEEPER_KEEPER_LAUNCH_H
#define WSHD_KEEPER_KEEPER_LAUNCH_H

#include "wshd/keeper/keeper.h"
#include "wshd/pty.h"

struct keeper_launched {
	pid_t first;  /* the job's first process; 0: the start failed */
	int error_fd; /* read end: why the first process could not execute the command; -1: none */
	struct pty terminal; /* -1, -1: none */
};

/* Moves the keeper's descriptors to the numbers of enum keeper_fd and closes all others. False and
 * errno on failure. */
bool keeper_launch_prepare(const struct wshd *wshd, const struct keeper_start *start, int socket);

/* Starts the job's first process. Returns NULL, or the operation that failed, with errno. */
const char *keeper_launch(const struct wshd *wshd, const struct keeper_start *start,
			  struct keeper_launched *launched);

#endif
