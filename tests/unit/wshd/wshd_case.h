/* SPDX-License-Identifier: Apache-2.0 */
/* Starts a wshd for one case, in fake mode: no root is needed. */
#ifndef TESTS_UNIT_WSHD_WSHD_CASE_H
#define TESTS_UNIT_WSHD_WSHD_CASE_H

#include "backends/wshd/wshd_client.h"
#include "proto/packet.h"

struct wshd_case {
	int dir_fd; /* a container's directory: run/ and root/ */
	pid_t pid;
	int client;               /* watching */
	struct wshd_queue *queue; /* to it */
};

/* Starts wshd and connects. */
struct wshd_case wshd_case_begin(void);

/* Ends all processes below wshd, then wshd; checks that it ends in time. */
void wshd_case_end(struct wshd_case *wshd);

/* Opens a further connection and sends the hello. */
int wshd_case_connect(const struct wshd_case *wshd);

/* Likewise, without the hello. */
int wshd_case_connect_silently(const struct wshd_case *wshd);

/* Lists the jobs on a connection. False: wshd did not answer. */
bool wshd_case_list(int client, struct warden_restored *restored);

/* Read ends of a job's pipes. */
struct job_output {
	int out, err;
};

/* Starts a job that runs a script. */
struct job_output wshd_case_spawn(const struct wshd_case *wshd, uint32_t id, const char *script);

/* Sets an array of WARDEN_RLIMITS limits to none. */
void wshd_case_no_rlimits(struct warden_rlimit *rlimits);

/* Returns a job with defaults, for the case to change. */
struct warden_spawn wshd_case_job(uint32_t id);

/* Starts a job as `spawn` describes it; without a script it has argv. */
struct job_output wshd_case_spawn_as(const struct wshd_case *wshd, struct warden_spawn *spawn,
				     const char *script);

/* Reads to the end, closes, and returns a text that is valid until the next call. */
const char *wshd_case_read(int fd);

/* Returns the next event within 5 s; else fails and returns one of type 0. */
struct wshd_event wshd_case_next_event(int client);

/* Checks that the next event is the end of this job, and returns it. */
struct warden_job_end wshd_case_job_end(const struct wshd_case *wshd, uint32_t id);

/* Whether a process with this argument in its command line runs below wshd. */
bool wshd_case_has_process(const struct wshd_case *wshd, const char *argument);

/* Waits up to 5 s until such a process runs, or (not `expected`) none does. */
bool wshd_case_await_process(const struct wshd_case *wshd, const char *argument, bool expected);

#endif
