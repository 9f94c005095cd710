/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon has done since it started, in numbers; doc/metrics.md tells how they are read. */
#ifndef CORE_HEALTH_METRICS_H
#define CORE_HEALTH_METRICS_H

#include "warden/backend.h"

enum {
	METRICS_TYPES = 512, /* more than the largest number of a request's type */
	METRICS_BUCKETS = 15,
	METRICS_REASONS = WARDEN_END_START_FAILED + 1,
};

/* The buckets' upper bounds. What took longer than the last one is in none. */
extern const uint64_t metrics_bounds_ns[METRICS_BUCKETS];

/* Requests of one type. */
struct metrics_requests {
	uint64_t begun, ended;     /* what is between them is carried out */
	uint64_t answered, failed; /* the second is a part of the first */
	uint64_t duration_ns;      /* from its frame to its answer, of all that were answered */
	uint64_t buckets[METRICS_BUCKETS]; /* how many took so long; not cumulative */
};

struct metrics {
	uint64_t started_ns; /* of uv_hrtime */
	uint64_t started_us; /* since 1970 */
	struct metrics_requests requests[METRICS_TYPES];
	uint64_t refused_frames; /* that held no request */
	uint64_t jobs_started, jobs_ended[METRICS_REASONS];
	uint64_t oom_kills;
};

void metrics_init(struct metrics *metrics);

/* A request was answered after so long; `failed`: by an error. */
void metrics_answered(struct metrics_requests *requests, uint64_t duration_ns, bool failed);

#endif
