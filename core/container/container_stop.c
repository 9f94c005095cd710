/* SPDX-License-Identifier: Apache-2.0 */
/* Stop: sends TERM to every process, and KILL after ten seconds to those that remain. A stop is
 * complete when the container is empty and its jobs are settled. No function waits: each event
 * checks whether it was the last. A container that runs out of memory is stopped, too. */
#include <config.h>

#include <signal.h>
#include <stdlib.h>

#include "core/backend/backend_call.h"
#include "core/container/container.h"
#include "core/container/container_subject.h"
#include "core/job/job.h"
#include "core/limits/limits.h"
#include "core/log.h"
#include "core/server.h"
#include "core/state/journal.h"
#include "core/state/snapshot.h"
#include "core/wire/request.h"

enum {
	TERM_MS = 10000, /* from TERM to KILL */
	/* From an empty container to the forced end of jobs whose keepers do not report. */
	SETTLE_MS = 2000,
	/* From the out-of-memory event to TERM at the latest: the job that hit the limit reports
	   its own status first. */
	OOM_MS = 100,
};

static void stop_on_timer(uv_timer_t *timer);

static int stop_signal_run(struct operation *operation, struct warden_error *err)
{
	struct container *c = operation->container;

	/* A stop succeeds even if the snapshot is not written: only the processes matter. */
	if (snapshot_store(operation, err) < 0)
		log_write(WARDEN_LOG_ERROR, "%s: stop: %s", c->id, err->message);
	return BACKEND_CALL(c->server->container_klass, c->id, stop, err, c->backend,
			    (int)(intptr_t)operation->data);
}

static void stop_signal_done(struct operation *operation, int result, struct warden_error *err)
{
	struct container *c = operation->container;

	if (result < 0 && !c->destroy.started)
		log_write(WARDEN_LOG_ERROR, "%s: stop: %s", c->id, err->message);
	c->stop.pending--;
	free(operation);
	stop_step(c);
}

static void stop_send_signal(struct container *c, int signal)
{
	struct operation *operation = calloc(1, sizeof(*operation));

	timer_stop(&c->stop.timer);
	c->stop.signal = signal;
	c->stop.timer = timer_start(c->server, TERM_MS, stop_on_timer, c);
	if (!operation) {
		log_write(WARDEN_LOG_ERROR, "%s: no memory to stop it", c->id);
		return; /* the timer sends it again */
	}
	operation->run = stop_signal_run;
	operation->done = stop_signal_done;
	operation->data = (void *)(intptr_t)signal;
	operation->make_snapshot = snapshot_text;
	c->stop.pending++;
	container_queue(c, operation);
}

static void stop_on_timer(uv_timer_t *timer)
{
	struct container *c = timer->data;

	timer_stop(&c->stop.timer);
	if (!c->stop.empty) {
		log_write(WARDEN_LOG_INFO, "%s: processes remain, sending KILL", c->id);
		stop_send_signal(c, SIGKILL);
		return;
	}
	jobs_abandon(c);
	stop_step(c);
}

void stop_step(struct container *c)
{
	if (!c->stop.started || !c->stop.empty || c->stop.pending > 0)
		return;
	if (jobs_count(c) > 0) {
		if (!c->stop.timer || c->stop.signal != 0) {
			timer_stop(&c->stop.timer);
			c->stop.signal = 0;
			c->stop.timer = timer_start(c->server, SETTLE_MS, stop_on_timer, c);
		}
		return;
	}
	timer_stop(&c->stop.timer);
	c->stop.started = false;
	c->stop.interrupted = false;
	if (!c->destroy.started)
		container_save(c);
	log_write(WARDEN_LOG_INFO, "%s: stopped", c->id);
	journal_container(c, WARDEN__EVENTS_RESPONSE__KIND__STOPPED, NULL);
	container_waiters_answer(&c->stop.waiting);
	destroy_step(c);
}

void container_stop(struct container *c, int signal, struct request *request)
{
	if (request && !container_waiters_add(&c->stop.waiting, request)) {
		request_fail_text(request, "no memory");
		return;
	}
	timer_stop(&c->stop.oom_timer);
	if (c->state == STATE_STOPPED && !c->stop.started && !c->stop.interrupted) {
		container_waiters_answer(&c->stop.waiting);
		return;
	}
	if (c->stop.started && (signal != SIGKILL || c->stop.signal != SIGTERM))
		return;
	if (c->state == STATE_ACTIVE)
		c->state = STATE_STOPPED;
	c->paused = false; /* the backend thaws it */
	if (!c->stop.started)
		c->stop.empty = false;
	c->stop.started = true;
	stop_send_signal(c, signal);
}

static void stop_on_oom_timer(uv_timer_t *timer)
{
	container_stop(timer->data, SIGTERM, NULL);
}

void container_out_of_memory(struct container *c)
{
	container_event(c, "out of memory");
	if (!limits_memory(&c->limits) || c->state != STATE_ACTIVE || c->stop.oom_timer)
		return;
	c->stop.oom_timer = timer_start(c->server, OOM_MS, stop_on_oom_timer, c);
	if (!c->stop.oom_timer)
		container_stop(c, SIGTERM, NULL);
}

bool container_ran_out(const struct container *c)
{
	return c->stop.oom_timer;
}

void container_job_ended(struct container *c)
{
	if (c->stop.oom_timer)
		container_stop(c, SIGTERM, NULL);
}

static void stop_init(struct container *c)
{
	TAILQ_INIT(&c->stop.waiting);
}

static void stop_release(struct container *c)
{
	timer_stop(&c->stop.timer);
	timer_stop(&c->stop.oom_timer);
}

const struct container_subject stop_subject = {
	.init = stop_init,
	.release = stop_release,
};
