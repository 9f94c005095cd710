/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A keeper: a fork of wshd that starts one job and stays with it. It is a subreaper, so all that
 * the job leaves behind comes to it; it sums their figures, signals or ends them when told to, and
 * reports how the job's first process ended.
 */
#ifndef WSHD_KEEPER_KEEPER_H
#define WSHD_KEEPER_KEEPER_H

#include <stddef.h>

#include "wshd/wshd.h"

enum { KEEPER_STREAMS = 3 };

/* What it is to start: a script, or what wsh asks for. The descriptors are wshd's: the keeper has
 * copies of all of them, being a fork, and closes those that are none of its business. */
struct keeper_start {
	const struct wshd_spawn *spawn; /* NULL: a shell */
	const struct wshd_shell *shell;
	int connection;              /* of the shell; -1 */
	int streams[KEEPER_STREAMS]; /* -1: a terminal takes their place */
	int command;                 /* the command block; -1: none */
	const int *cgroup; /* those of the job's own cgroup, WSHD_FD_CPU and on; NULL: a shell */
};

/* Where a keeper's descriptors are; the job's streams are 0, 1 and 2 until it has started. */
enum keeper_fd {
	KEEPER_SOCKET = KEEPER_STREAMS, /* to wshd */
	KEEPER_PROC,
	KEEPER_CONNECTION,
	KEEPER_COMMAND,
	KEEPER_CPU, /* as WSHD_FD_CPU and those behind it */
	KEEPER_GROUP,
	KEEPER_TASKS,
	KEEPER_FDS = KEEPER_TASKS + WSHD_TASKS,
};

/* The life of a keeper, in the process that was forked for it. */
void keeper_run(const struct wshd *wshd, const struct keeper_start *start, int socket)
	__attribute__((noreturn));

#endif
