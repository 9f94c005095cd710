/* SPDX-License-Identifier: Apache-2.0 */
/* Counters; see metrics.h. */
#include <config.h>

#include "core/health/metrics.h"

#include <time.h>
#include <uv.h>

#define US 1000ULL
#define MS (1000 * US)
#define S  (1000 * MS)

const uint64_t metrics_bounds_ns[METRICS_BUCKETS] = {
	100 * US, 500 * US, 1 * MS,   2500 * US, 5 * MS, 10 * MS, 25 * MS, 50 * MS,
	100 * MS, 250 * MS, 500 * MS, 1 * S,     5 * S,  30 * S,  120 * S,
};

void metrics_init(struct metrics *metrics)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now); /* cannot fail */
	*metrics = (struct metrics){
		.started_ns = uv_hrtime(),
		.started_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000,
	};
}

void metrics_answered(struct metrics_requests *requests, uint64_t duration_ns, bool failed)
{
	requests->answered++;
	requests->failed += failed;
	requests->duration_ns += duration_ns;
	for (int i = 0; i < METRICS_BUCKETS; i++)
		if (duration_ns <= metrics_bounds_ns[i]) {
			requests->buckets[i]++;
			break;
		}
}
