/* SPDX-License-Identifier: Apache-2.0 */
/* Counters since the daemon's start; doc/metrics.md documents the metrics. Loop thread only. */
#ifndef CORE_HEALTH_METRICS_H
#define CORE_HEALTH_METRICS_H

#include "warden/backend.h"

enum {
	METRICS_TYPES = 512, /* more than the largest request type */
	METRICS_BUCKETS = 15,
	METRICS_REASONS = WARDEN_END_START_FAILED + 1,
};

/* Upper bounds of the buckets. A longer duration is in no bucket. */
extern const uint64_t metrics_bounds_ns[METRICS_BUCKETS];

/* Requests of one type. */
struct metrics_requests {
	uint64_t begun, ended;             /* begun - ended requests are in progress */
	uint64_t answered, failed;         /* failed ones are answered, too */
	uint64_t duration_ns;              /* sum over the answered ones, from frame to answer */
	uint64_t buckets[METRICS_BUCKETS]; /* answered ones by duration; not cumulative */
};

struct metrics {
	uint64_t started_ns; /* by uv_hrtime */
	uint64_t started_us; /* since 1970 */
	struct metrics_requests requests[METRICS_TYPES];
	uint64_t refused_frames;  /* frames without a valid request */
	uint64_t refused_clients; /* connections that were refused at once */
	uint64_t jobs_started, jobs_ended[METRICS_REASONS];
	uint64_t oom_kills;
};

/* Sets the start time and all counters to 0. */
void metrics_init(struct metrics *metrics);

/* Counts an answered request; `failed`: the answer is an error. */
void metrics_answered(struct metrics_requests *requests, uint64_t duration_ns, bool failed);

#endif
