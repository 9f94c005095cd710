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
	/* From KILL to the next one, twice as long each time. In a destroy the backend's destroy
	   follows instead, which ends the container's own processes too. */
	KILL_MS = 2000,
	KILL_MAX_MS = 10000,
	/* From an empty container to the forced end of jobs whose keepers do not report. */
	SETTLE_MS = 2000,
	/* From the out-of-memory event to TERM at the latest: the job that hit the limit reports
	   its own status first. */
	OOM_MS = 100,
};

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
	((struct stop_signal *)operation)->queued = false;
	stop_step(c);
}

static uint64_t stop_patience(struct container *c, int signal)
{
	uint64_t ms = KILL_MS;

	if (signal != SIGKILL)
		return TERM_MS;
	for (unsigned i = 0; i < c->stop.kills && ms < KILL_MAX_MS; i++)
		ms *= 2;
	c->stop.kills++;
	return ms < KILL_MAX_MS ? ms : KILL_MAX_MS;
}

static void stop_set_due(struct container *c, uint64_t ms)
{
	c->stop.due = uv_now(&c->server->loop) + ms;
}

/* A signal that is already on its way is not sent twice. */
static void stop_send_signal(struct container *c, int signal)
{
	struct stop_signal *sending = signal == SIGKILL ? &c->stop.kill : &c->stop.term;
	struct operation *operation = &sending->operation;

	c->stop.signal = signal;
	stop_set_due(c, stop_patience(c, signal));
	if (sending->queued)
		return;
	memset(operation, 0, sizeof(*operation));
	operation->run = stop_signal_run;
	operation->done = stop_signal_done;
	operation->data = (void *)(intptr_t)signal;
	if (!c->destroy.started) /* else it is written already */
		operation->make_snapshot = snapshot_text;
	sending->queued = true;
	c->stop.pending++;
	container_queue(c, operation);
}

static void stop_end(struct container *c)
{
	c->stop.due = 0;
	c->stop.started = false;
	c->stop.interrupted = false;
	if (!c->destroy.started) {
		ending_remove(c);
		container_set_waits_for(c, "");
	}
}

/* The processes do not end. The waiters are answered when the destroy is complete. */
static void stop_leave_to_destroy(struct container *c)
{
	log_write(WARDEN_LOG_WARN, "%s: processes remain after KILL", c->id);
	stop_end(c);
	destroy_step(c);
}

void stop_on_due(struct container *c)
{
	c->stop.due = 0;
	if (c->stop.empty) {
		jobs_abandon(c);
		stop_step(c);
	} else if (c->destroy.started && c->stop.signal == SIGKILL) {
		stop_leave_to_destroy(c);
	} else {
		log_write(WARDEN_LOG_INFO, "%s: processes remain, sending KILL", c->id);
		stop_send_signal(c, SIGKILL);
	}
}

void stop_step(struct container *c)
{
	if (!c->stop.started || !c->stop.empty || c->stop.pending > 0)
		return;
	if (jobs_count(c) > 0) {
		if (!c->stop.due || c->stop.signal != 0) {
			c->stop.signal = 0;
			stop_set_due(c, SETTLE_MS);
		}
		return;
	}
	stop_end(c);
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
	if (!c->stop.started) {
		c->stop.empty = false;
		c->stop.kills = 0;
	}
	c->stop.started = true;
	ending_add(c);
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
	timer_stop(&c->stop.oom_timer);
}

const struct container_subject stop_subject = {
	.init = stop_init,
	.release = stop_release,
};
