/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of wshd, which is a local variable of main, and the descriptors in its event loop. wshd
 * has a single thread; each event handler runs to its end before the next one starts.
 */
#ifndef WSHD_WSHD_H
#define WSHD_WSHD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "proto/wshd_protocol.h"
#include "wshd/call_filter.h"
#include "wshd/wshd_options.h"

/* Connections at a time. The connection of a shell belongs to its keeper and is not counted. */
enum { WSHD_CONNECTIONS = 16 };

/* Descriptors that no job keeps: for connections, for a packet that is read and for its job. */
enum { WSHD_RESERVE = WSHD_CONNECTIONS + WSHD_SPAWN_FDS + 8 };

/* Milliseconds until a call is made again for which the kernel had no memory. */
enum { WSHD_PAUSE_MS = 5 };

struct wshd;
struct wshd_job;
struct wshd_connection;

/* A descriptor in the event loop. The struct must outlive its registration. */
struct wshd_source {
	int fd; /* -1: none */
	/* Called when one of `events` (of epoll) has occurred. */
	void (*ready)(struct wshd *wshd, struct wshd_source *source, uint32_t events);
};

struct wshd {
	struct wshd_options options;
	int score; /* its own oom_score_adj */
	int epoll_fd;
	int proc_fd; /* /proc, opened before any job ran */
	struct wshd_source listening, signals;
	struct wshd_job *jobs; /* in the order of start */
	uint64_t next_number;  /* number of the last job */
	struct wshd_connection *connections[WSHD_CONNECTIONS];
	struct call_filter filter;     /* the container's */
	struct call_filter job_filter; /* of the job that is to be started next */
	int reserve_from;              /* the first number of a descriptor that no job may keep */
	bool retry;   /* something failed for want of memory or descriptors; again after RETRY_MS */
	bool killing; /* SIGKILL is sent in rounds until no process is left */
	unsigned round; /* number of the next round of SIGKILL */
	bool orphaned;  /* as `killing`, for the processes that a killed keeper has left */
	unsigned clear; /* rounds in a row that found none of these */
	bool ending;    /* wshd exits when no process is left */
};

/* Registers a source for `events` (of epoll). False and errno on failure. */
bool wshd_source_add(struct wshd *wshd, struct wshd_source *source, uint32_t events);

/* Changes the events of a registered source. */
void wshd_source_modify(struct wshd *wshd, struct wshd_source *source, uint32_t events);

/* Removes the source from the event loop and closes its descriptor. */
void wshd_source_close(struct wshd *wshd, struct wshd_source *source);

#endif
