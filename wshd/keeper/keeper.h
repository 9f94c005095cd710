/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A keeper: a fork of wshd that starts one job and waits for its end. It is a subreaper, so orphans
 * of the job become its children. It sums up their resource usage, sends them signals on request,
 * and reports how the job's first process ended.
 */
#ifndef WSHD_KEEPER_KEEPER_H
#define WSHD_KEEPER_KEEPER_H

#include <stddef.h>

#include "wshd/wshd.h"

enum { KEEPER_STREAMS = 3 };

/* The task of a keeper: a job of the daemon or a shell of wsh. The descriptors are those of wshd;
 * the keeper, a fork, has copies of all descriptors and closes those that it does not need. */
struct keeper_start {
	const struct wshd_spawn *spawn; /* NULL: a shell */
	const struct wshd_shell *shell;
	int connection;              /* of the shell; -1: a job */
	int streams[KEEPER_STREAMS]; /* -1: a terminal takes their place */
	int command;                 /* the command block; -1: none */
	const int *cgroup; /* files of its own cgroup, from WSHD_FD_CPU on; NULL: a shell */
	const struct call_filter *filter; /* NULL: none */
};

/* Numbers of a keeper's descriptors. 0, 1 and 2 are the job's streams until it has started. */
enum keeper_fd {
	KEEPER_SOCKET = KEEPER_STREAMS, /* connected to wshd */
	KEEPER_PROC,                    /* /proc */
	KEEPER_CONNECTION,
	KEEPER_COMMAND,
	KEEPER_CPU, /* this one and the next as WSHD_FD_CPU and following */
	KEEPER_GROUP,
	KEEPER_TASKS,
	KEEPER_FDS = KEEPER_TASKS + WSHD_TASKS,
};

/* Fills the start_error of a job: `what` failed with `number` (errno). If that was the limit of
 * processes, and no stop, the text also goes to the job's standard error (-1: none). */
void keeper_explain_failure(struct wshd_ended *end, const char *what, int number, int stderr_fd,
			    int proc_fd);

/* Runs the keeper in the process that was forked for it. `socket`: connected to wshd. */
void keeper_run(const struct wshd *wshd, const struct keeper_start *start, int socket)
	__attribute__((noreturn));

#endif
