/* SPDX-License-Identifier: Apache-2.0 */
/* Destroy: reads the last info, stops the container, calls the backend's destroy and renames the
 * directory into the depot's tmp; then the request is answered. The rest runs in the background:
 * when the backend reports that the container is gone and its files are removed, its network, uid
 * and slot return to the pools. */
#include <config.h>

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/backend/backend_call.h"
#include "core/container/container.h"
#include "core/container/container_info.h"
#include "core/container/container_subject.h"
#include "core/job/job.h"
#include "core/log.h"
#include "core/rules/rules.h"
#include "core/server.h"
#include "core/state/idempotence.h"
#include "core/state/journal.h"
#include "core/transfer/transfer.h"
#include "core/wire/request.h"
#include "lib/clock.h"
#include "lib/remove_tree.h"

static int destroy_queue_operation(struct container *c,
				   int (*run)(struct operation *, struct warden_error *),
				   void (*done)(struct operation *, int, struct warden_error *),
				   bool removes)
{
	struct operation *operation = calloc(1, sizeof(*operation));

	if (!operation) {
		log_write(WARDEN_LOG_ERROR, "%s: no memory to destroy it", c->id);
		return -1;
	}
	operation->needs_no_backend = true;
	operation->removes = removes;
	operation->run = run;
	operation->done = done;
	container_queue(c, operation);
	return 0;
}

/* How long a removal works before it rests as long. */
#define REMOVAL_TURN_US 4000

struct destroy_pace {
	const struct workers *workers;
	uint64_t turn_us; /* the turn's begin */
};

/* Worker thread. Removal keeps processors and the file system's journal busy: it leaves half of
 * both to running containers. At the end of the daemon the next one removes the rest. */
static bool destroy_proceed(void *data)
{
	struct destroy_pace *pace = data;
	uint64_t worked = clock_monotonic_us() - pace->turn_us;

	if (worked >= REMOVAL_TURN_US) {
		usleep((useconds_t)(worked < 10 * REMOVAL_TURN_US ? worked : 10 * REMOVAL_TURN_US));
		pace->turn_us = clock_monotonic_us();
	}
	return !workers_must_hurry(pace->workers);
}

static int destroy_remove_run(struct operation *operation, struct warden_error *err)
{
	struct container *c = operation->container;
	struct destroy_pace pace = {c->server->remove_workers, clock_monotonic_us()};

	return remove_tree_while(c->server->tmp_fd, c->name, destroy_proceed, &pace, err);
}

static void destroy_remove_done(struct operation *operation, int result, struct warden_error *err)
{
	struct container *c = operation->container;
	struct server *server = c->server;

	if (result == 0)
		log_write(WARDEN_LOG_DEBUG, "%s: removed", c->id);
	else if (err->number != ECANCELED)
		log_write(WARDEN_LOG_ERROR, "%s: %s", c->id, err->message);
	free(operation);
	registry_remove(&server->registry, c);
	container_free(c);
	server->leaving--;
	server->drain_step(server);
}

/* Any thread. After the rename the next daemon does not know the handle either, however this one
 * ends. */
static int destroy_backend_run(struct operation *operation, struct warden_error *err)
{
	struct container *c = operation->container;
	struct server *server = c->server;

	if (renameat(server->depot_fd, c->name, server->tmp_fd, c->id) < 0 && errno != ENOENT)
		warden_error_errno(err, "move %s into %s/tmp", c->path,
				   server->settings.depot_path);
	else
		err->message[0] = '\0';
	if (c->backend)
		BACKEND_CALL_VOID(server->container_klass, c->id, destroy, c->backend);
	return err->message[0] ? -1 : 0;
}

static void destroy_backend_done(struct operation *operation, int result, struct warden_error *err)
{
	struct container *c = operation->container;
	char *name = strdup(c->id);

	if (result < 0)
		log_write(WARDEN_LOG_ERROR, "%s: %s", c->id, err->message);
	else if (name) { /* without memory the next daemon removes it */
		free(c->name);
		c->name = name;
		name = NULL;
	}
	free(name);
	free(operation);
	if (!c->backend)
		c->destroy.gone = true;
	c->backend = NULL;
	c->destroy.op_done = true;
	jobs_finish(c);
	rules_release(c); /* a client that reads the answer finds the ports free */
	idempotence_forget(c);
	if (c->is_listed)
		journal_container(c, WARDEN__EVENTS_RESPONSE__KIND__DESTROYED, NULL);
	registry_forget_handle(&c->server->registry, c);
	log_write(WARDEN_LOG_INFO, "%s: destroyed", c->id);
	container_waiters_answer(&c->destroy.waiting);
	destroy_step(c);
}

void destroy_step(struct container *c)
{
	if (!c->destroy.started || c->stop.started)
		return;
	if (c->state != STATE_DESTROYED) {
		c->state = STATE_DESTROYED;
		container_cancel_operations(c);
		destroy_queue_operation(c, destroy_backend_run, destroy_backend_done, false);
		return;
	}
	if (c->destroy.op_done && c->destroy.gone && !c->destroy.removed && jobs_are_idle(c)) {
		c->destroy.removed = true;
		destroy_queue_operation(c, destroy_remove_run, destroy_remove_done, true);
	}
}

/* Called with the last figures, which the backend only has before the stop. */
static void destroy_after_info(struct container *c, void *unused)
{
	(void)unused;
	if (c->alive && c->state == STATE_ACTIVE)
		container_stop(c, SIGTERM, NULL);
	else
		destroy_step(c);
}

void container_destroy(struct container *c, struct request *request)
{
	if (request && !container_waiters_add(&c->destroy.waiting, request)) {
		request_fail_text(request, "no memory");
		return;
	}
	if (c->destroy.started)
		return;
	c->destroy.started = true;
	c->server->leaving++;
	grace_stop(c);
	transfers_cancel(c);
	ttl_stop(c);
	if (!c->alive || !container_info_ask(c, destroy_after_info, NULL))
		destroy_after_info(c, NULL);
}

void container_discard(struct container *c)
{
	c->destroy.started = true;
	c->server->leaving++;
	destroy_step(c);
}

static void destroy_init(struct container *c)
{
	TAILQ_INIT(&c->destroy.waiting);
}

const struct container_subject destroy_subject = {
	.init = destroy_init,
};
