/* SPDX-License-Identifier: Apache-2.0 */
/* A wshd of a case's own, in fake mode: no root is needed. */
#ifndef TESTS_UNIT_WSHD_WSHD_CASE_H
#define TESTS_UNIT_WSHD_WSHD_CASE_H

#include "backends/wshd/wshd_client.h"
#include "proto/packet.h"

struct wshd_case {
	int dir_fd; /* a container's directory: run/ and root/ */
	pid_t pid;
	int client; /* watching */
};

/* Starts it and connects. */
struct wshd_case wshd_case_begin(void);

/* Ends all that runs below it, then wshd; checks that it leaves in time. */
void wshd_case_end(struct wshd_case *wshd);

/* A further connection that has said hello. */
int wshd_case_connect(const struct wshd_case *wshd);

/* One that has not. */
int wshd_case_connect_silently(const struct wshd_case *wshd);

/* Read ends of a job's pipes. */
struct job_output {
	int out, err;
};

struct job_output wshd_case_spawn(const struct wshd_case *wshd, uint32_t id, const char *script);

/* A job without anything special, to be changed. */
struct warden_spawn wshd_case_job(uint32_t id);

/* Likewise, with all that the caller has in `spawn`; without a script it has argv. */
struct job_output wshd_case_spawn_as(const struct wshd_case *wshd, struct warden_spawn *spawn,
				     const char *script);

/* Reads to the end, closes, and returns a text that is valid until the next call. */
const char *output_read(int fd);

/* The next message within 5 s, else a failure and an event of type 0. */
struct wshd_event event_next(int client);

/* That it is told on the case's connection how this job ended. */
struct warden_job_end end_of(const struct wshd_case *wshd, uint32_t id);

/* Whether a process with this argument in its command line runs below wshd. */
bool runs_below(const struct wshd_case *wshd, const char *argument);

/* Waits up to 5 s until that is `expected`. */
bool comes_to_run(const struct wshd_case *wshd, const char *argument, bool expected);

#endif
