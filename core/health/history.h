/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's figures of the last ten minutes, for the page of ui.h. Loop thread only. */
#ifndef CORE_HEALTH_HISTORY_H
#define CORE_HEALTH_HISTORY_H

#include <jansson.h>
#include <uv.h>

struct server;

enum { HISTORY_STEP_S = 5, HISTORY_SAMPLES = 10 * 60 / HISTORY_STEP_S + 1 };

/* Counters grow, the others are of the moment. */
struct history_sample {
	size_t containers, jobs;
	uint64_t answered, failed; /* counters of requests */
	uint64_t cpu_us;           /* counter of the daemon's processor time */
};

struct history {
	struct server *server;
	struct history_sample samples[HISTORY_SAMPLES];
	size_t n, next; /* the oldest sample is at `next` once all are used */
	uv_timer_t timer;
	void (*stopped)(void *data);
	void *data;
};

/* Takes a sample now and then each HISTORY_STEP_S. */
void history_start(struct history *history, struct server *server);
/* Takes a sample; the oldest one goes when there are HISTORY_SAMPLES. */
void history_take(struct history *history);
/* Takes no more samples; calls `stopped` once the history may be freed. */
void history_stop(struct history *history, void (*stopped)(void *data), void *data);

/* Returns {"step_s": N, "containers": [...], "jobs": [...], "requests": [...], "errors": [...],
 * "cpu": [...]}, the oldest first: numbers, requests and errors a second, and processors in use.
 * The caller owns it. NULL: no memory. */
json_t *history_json(const struct history *history);

#endif
