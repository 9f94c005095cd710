/* SPDX-License-Identifier: Apache-2.0 */
/* Samples of the daemon's figures; see history.h. */
#include <config.h>

#include "core/health/history.h"

#include "core/container/container.h"
#include "core/health/process_figures.h"
#include "core/job/job.h"
#include "core/server.h"

void history_take(struct history *history)
{
	struct history_sample *sample = &history->samples[history->next];
	const struct server *server = history->server;

	*sample = (struct history_sample){.containers = registry_count_all(&server->registry),
					  .jobs = jobs_count_all(server),
					  .cpu_us = process_figures_cpu_us()};
	for (size_t i = 0; i < METRICS_TYPES; i++) {
		sample->answered += server->metrics.requests[i].answered;
		sample->failed += server->metrics.requests[i].failed;
	}
	history->next = (history->next + 1) % HISTORY_SAMPLES;
	if (history->n < HISTORY_SAMPLES)
		history->n++;
}

static void history_on_timer(uv_timer_t *timer)
{
	history_take(timer->data);
}

void history_start(struct history *history, struct server *server)
{
	history->server = server;
	history->timer.data = history;
	uv_timer_init(&server->loop, &history->timer); /* this and the start cannot fail */
	uv_timer_start(&history->timer, history_on_timer, HISTORY_STEP_S * 1000,
		       HISTORY_STEP_S * 1000);
	history_take(history);
}

static void history_on_closed(uv_handle_t *timer)
{
	struct history *history = timer->data;

	history->stopped(history->data);
}

void history_stop(struct history *history, void (*stopped)(void *data), void *data)
{
	history->stopped = stopped;
	history->data = data;
	uv_close((uv_handle_t *)&history->timer, history_on_closed);
}

/* The sample number `i` from the oldest. */
static const struct history_sample *history_at(const struct history *history, size_t i)
{
	size_t first = history->n < HISTORY_SAMPLES ? 0 : history->next;

	return &history->samples[(first + i) % HISTORY_SAMPLES];
}

/* Appends the figures of the sample and of the step since the one before. False: no memory. */
static bool history_add(json_t *lists[5], const struct history_sample *before,
			const struct history_sample *now)
{
	return json_array_append_new(lists[0], json_integer((json_int_t)now->containers)) == 0 &&
	       json_array_append_new(lists[1], json_integer((json_int_t)now->jobs)) == 0 &&
	       json_array_append_new(lists[2],
				     json_real((double)(now->answered - before->answered) /
					       HISTORY_STEP_S)) == 0 &&
	       json_array_append_new(lists[3], json_real((double)(now->failed - before->failed) /
							 HISTORY_STEP_S)) == 0 &&
	       json_array_append_new(lists[4], json_real((double)(now->cpu_us - before->cpu_us) /
							 (HISTORY_STEP_S * 1e6))) == 0;
}

json_t *history_json(const struct history *history)
{
	json_t *lists[5];
	json_t *json = json_pack("{s:i, s:o, s:o, s:o, s:o, s:o}", "step_s", HISTORY_STEP_S,
				 "containers", lists[0] = json_array(), "jobs",
				 lists[1] = json_array(), "requests", lists[2] = json_array(),
				 "errors", lists[3] = json_array(), "cpu", lists[4] = json_array());

	for (size_t i = 1; json && i < history->n; i++)
		if (!history_add(lists, history_at(history, i - 1), history_at(history, i))) {
			json_decref(json);
			return NULL;
		}
	return json;
}
