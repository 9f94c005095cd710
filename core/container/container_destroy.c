/* SPDX-License-Identifier: Apache-2.0 */
/* Destroy, step by step: the snapshot says that it has begun, the last info is read, the container
 * is stopped, the backend's destroy ends what is left of its processes, and the directory is
 * renamed into the depot's tmp; then the request is answered. The rest runs in the background: when
 * the backend reports that the container is gone its files are removed, and only then its network,
 * uid and slot return to the pools.
 *
 * A step that fails is tried again for ever, ever more rarely, and the next daemon goes on. From
 * the first failure on the destroy is stuck: it is answered only when everything is gone. */
#include <config.h>

#include <signal.h>
#include <stdlib.h>

#include "core/backend/backend_call.h"
#include "core/container/container.h"
#include "core/container/container_info.h"
#include "core/container/container_subject.h"
#include "core/container/destroy_files.h"
#include "core/job/job.h"
#include "core/log.h"
#include "core/rules/rules.h"
#include "core/server.h"
#include "core/state/idempotence.h"
#include "core/state/journal.h"
#include "core/state/recovery.h"
#include "core/state/snapshot.h"
#include "core/transfer/transfer.h"
#include "core/wire/request.h"
#include "lib/trace.h"

/* From a failure to the next try. */
enum { RETRY_MS = 100, RETRY_MAX_MS = 10000 };

static void destroy_queue(struct container *c,
			  int (*run)(struct operation *, struct warden_error *),
			  void (*done)(struct operation *, int, struct warden_error *),
			  char *(*make_snapshot)(const struct container *), bool removes)
{
	struct operation *operation = &c->destroy.operation;

	memset(operation, 0, sizeof(*operation));
	operation->needs_no_backend = true;
	operation->removes = removes;
	operation->run = run;
	operation->done = done;
	operation->make_snapshot = make_snapshot;
	c->destroy.busy = true;
	container_queue(c, operation);
}

void destroy_set_stuck(struct container *c)
{
	if (c->destroy.stuck)
		return;
	c->destroy.stuck = true;
	c->server->leaving--;
	prepared_set_gone(c);
	c->server->drain_step(c->server);
}

void container_set_waits_for(struct container *c, const char *text)
{
	if (strcmp(c->waits_for, text) == 0)
		return;
	snprintf(c->waits_for, sizeof(c->waits_for), "%s", text);
	if (*text)
		log_write(WARDEN_LOG_WARN, "%s: its %s waits for %s", c->id,
			  c->destroy.started ? "destroy" : "stop", text);
	if (*text && c->destroy.started)
		destroy_set_stuck(c);
}

/* The step is tried again later. */
static void destroy_retry(struct container *c, const struct warden_error *err)
{
	uint64_t delay = RETRY_MS;

	for (unsigned i = 0; i < c->destroy.tries && delay < RETRY_MAX_MS; i++)
		delay *= 2;
	if (delay > RETRY_MAX_MS)
		delay = RETRY_MAX_MS;
	c->destroy.tries++;
	c->destroy.retry = uv_now(&c->server->loop) + delay;
	container_set_waits_for(c, err->message);
}

/* The step that failed before has succeeded. */
static void destroy_forget_failure(struct container *c)
{
	if (c->destroy.tries > 0)
		container_set_waits_for(c, "");
	c->destroy.tries = 0;
}

/* A client that reads the answer finds the handle free; and the ports, unless the backend may still
 * forward them. */
static void destroy_answer(struct container *c)
{
	c->destroy.answered = true;
	c->state = STATE_DESTROYED;
	if (!c->destroy.stuck)
		rules_release(c);
	idempotence_forget(c);
	if (c->is_listed)
		journal_container(c, WARDEN__EVENTS_RESPONSE__KIND__DESTROYED, NULL);
	registry_forget_handle(&c->server->registry, c);
	trace_step(c->destroy.trace, "destroy", "answer", c->id);
	log_write(WARDEN_LOG_INFO, "%s: destroyed", c->id);
	container_waiters_answer(&c->stop.waiting);
	container_waiters_answer(&c->destroy.waiting);
}

static int destroy_remove_run(struct operation *operation, struct warden_error *err)
{
	const struct container *c = operation->container;

	return destroy_files_remove(c, c->destroy.moved ? c->id : c->name, err);
}

static void destroy_log_trace(struct container *c)
{
	trace_step(c->destroy.trace, "destroy", "remove", c->id);
	if (c->destroy.trace)
		log_write(WARDEN_LOG_INFO, "%s: destroy: %s", c->id, trace_text(c->destroy.trace));
}

static void destroy_remove_done(struct operation *operation, int result, struct warden_error *err)
{
	struct container *c = operation->container;
	struct server *server = c->server;

	c->destroy.busy = false;
	if (result < 0 && err->number == ECANCELED)
		return; /* the daemon ends; the next one goes on */
	if (result < 0) {
		destroy_retry(c, err);
		return;
	}
	if (!c->destroy.answered)
		destroy_answer(c);
	destroy_log_trace(c);
	log_write(WARDEN_LOG_DEBUG, "%s: removed", c->id);
	if (!c->destroy.stuck)
		server->leaving--;
	ending_remove(c);
	registry_remove(&server->registry, c);
	container_free(c);
	server->drain_step(server);
}

/* After the move the next daemon does not know the handle either, however this one ends. */
static int destroy_move_run(struct operation *operation, struct warden_error *err)
{
	return destroy_files_move(operation->container, err);
}

static void destroy_move_done(struct operation *operation, int result, struct warden_error *err)
{
	struct container *c = operation->container;

	c->destroy.busy = false;
	if (result < 0) {
		destroy_retry(c, err);
		return;
	}
	trace_step(c->destroy.trace, "destroy", "move", c->id);
	destroy_forget_failure(c);
	c->destroy.moved = result > 0;
	c->destroy.renamed = true;
	destroy_step(c);
}

static int destroy_backend_run(struct operation *operation, struct warden_error *err)
{
	struct container *c = operation->container;

	/* The backend may not have found an unreachable container yet, whose processes may live. */
	if (!c->backend && c->recovery && recovery_find(c, err) < 0)
		return -1;
	if (c->backend)
		BACKEND_CALL_VOID(c->server->container_klass, c->id, destroy, c->backend);
	return 0;
}

static void destroy_backend_done(struct operation *operation, int result, struct warden_error *err)
{
	struct container *c = operation->container;

	c->destroy.busy = false;
	if (result < 0) {
		c->destroy.ending = false;
		destroy_retry(c, err);
		return;
	}
	trace_step(c->destroy.trace, "destroy", "backend", c->id);
	destroy_forget_failure(c);
	if (!c->backend)
		c->destroy.ended = c->destroy.gone = true;
	c->backend = NULL;
	c->destroy.op_done = true;
	jobs_finish(c);
	destroy_step(c);
}

void destroy_step(struct container *c)
{
	if (!c->destroy.started || c->destroy.preparing || c->destroy.busy || c->destroy.retry ||
	    c->stop.started || c->server->stopped)
		return;
	if (!c->destroy.ending) {
		trace_step(c->destroy.trace, "destroy", "stop", c->id);
		c->destroy.ending = true;
		container_cancel_operations(c);
		destroy_queue(c, destroy_backend_run, destroy_backend_done, NULL, false);
		return;
	}
	if (!c->destroy.op_done || !c->destroy.ended)
		return;
	if (!c->destroy.renamed) {
		destroy_queue(c, destroy_move_run, destroy_move_done, NULL, false);
		return;
	}
	if (!c->destroy.answered && !c->destroy.stuck)
		destroy_answer(c);
	if (c->destroy.gone && !c->destroy.busy && jobs_are_idle(c)) {
		trace_step(c->destroy.trace, "destroy", "gone", c->id);
		destroy_queue(c, destroy_remove_run, destroy_remove_done, NULL, true);
	}
}

static void destroy_begin(struct container *c)
{
	c->destroy.started = true;
	c->destroy.trace = trace_new(c->server->config->logging.trace);
	c->destroy.was_active = c->state == STATE_ACTIVE;
	c->state = STATE_DESTROYING;
	c->destroy.since = uv_now(&c->server->loop);
	c->server->leaving++;
	ending_add(c);
}

/* Called with the last figures, which the backend only has before the stop. */
static void destroy_after_info(struct container *c, void *unused)
{
	(void)unused;
	c->destroy.preparing = false;
	trace_step(c->destroy.trace, "destroy", "info", c->id);
	if (c->destroy.was_active && !c->stop.started)
		container_stop(c, SIGTERM, NULL);
	else
		destroy_step(c);
}

/* If the disk is full the place of the directory says that it is being destroyed. */
static int destroy_mark_run(struct operation *operation, struct warden_error *err)
{
	struct warden_error reason;

	if (snapshot_store(operation, err) == 0)
		return 0;
	return destroy_files_move(operation->container, &reason);
}

static void destroy_mark_done(struct operation *operation, int result, struct warden_error *err)
{
	struct container *c = operation->container;

	c->destroy.busy = false;
	if (result < 0)
		log_write(WARDEN_LOG_WARN, "%s: note that it is being destroyed: %s", c->id,
			  err->message);
	trace_step(c->destroy.trace, "destroy", "mark", c->id);
	c->destroy.moved = c->destroy.renamed = result > 0;
	if (!container_info_ask(c, destroy_after_info, NULL))
		destroy_after_info(c, NULL);
}

/* The snapshot says so before any process is stopped: the next daemon goes on, and never takes the
 * container for one that was stopped. */
static void destroy_mark(struct container *c)
{
	c->destroy.preparing = true;
	destroy_queue(c, destroy_mark_run, destroy_mark_done, snapshot_text, false);
}

void container_destroy(struct container *c, struct request *request)
{
	if (request && !container_waiters_add(&c->destroy.waiting, request)) {
		request_fail_text(request, "no memory");
		return;
	}
	if (c->destroy.started)
		return;
	destroy_begin(c);
	grace_stop(c);
	transfers_cancel(c);
	ttl_stop(c);
	if (c->alive)
		destroy_mark(c);
	else
		destroy_step(c);
}

void container_discard(struct container *c)
{
	destroy_begin(c);
	destroy_step(c);
}

static void destroy_init(struct container *c)
{
	TAILQ_INIT(&c->destroy.waiting);
}

static void destroy_release(struct container *c)
{
	ending_remove(c);
	container_waiters_fail(&c->destroy.waiting, UINT64_MAX, "the daemon ends");
	container_waiters_fail(&c->stop.waiting, UINT64_MAX, "the daemon ends");
}

const struct container_subject destroy_subject = {
	.init = destroy_init,
	.release = destroy_release,
};
