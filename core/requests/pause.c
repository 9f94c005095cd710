/* SPDX-License-Identifier: Apache-2.0 */
/* Pause freezes the processes of a container, Resume thaws them. Both are answered when the
 * snapshot is written. */
#include <config.h>

#include <stdlib.h>

#include "core/backend/backend_call.h"
#include "core/log.h"
#include "core/state/snapshot.h"
#include "core/wire/request.h"

struct pausing {
	struct operation operation;
	struct request *request;
	bool pause;
};

static int pause_backend_run(struct operation *operation, struct warden_error *err)
{
	const struct pausing *pausing = (struct pausing *)operation;
	struct container *c = operation->container;

	return BACKEND_CALL(c->server->container_klass, c->id, pause, err, c->backend,
			    pausing->pause);
}

static void pause_finish(struct pausing *pausing, int result, const struct warden_error *err)
{
	if (result < 0)
		request_fail(pausing->request, err);
	else
		request_answer_empty(pausing->request);
	free(pausing);
}

static void pause_store_done(struct operation *operation, int result, struct warden_error *err)
{
	pause_finish((struct pausing *)operation, result, err);
}

/* A stop during the pause has thawed the container. */
static void pause_backend_done(struct operation *operation, int result, struct warden_error *err)
{
	struct pausing *pausing = (struct pausing *)operation;
	struct container *c = operation->container;

	if (result == 0 && pausing->pause && c->state != STATE_ACTIVE)
		result = warden_error_set(err, "the container was stopped during the pause");
	if (result < 0) {
		pause_finish(pausing, result, err);
		return;
	}
	c->paused = pausing->pause;
	log_write(WARDEN_LOG_INFO, "%s: %s", c->id, c->paused ? "paused" : "resumed");
	operation->run = snapshot_store;
	operation->done = pause_store_done;
	operation->make_snapshot = snapshot_text;
	container_queue(c, operation);
}

static int pause_start(struct request *request, bool pause, struct warden_error *err)
{
	struct pausing *pausing;

	if (!request->server->container_klass->pause)
		return warden_error_set(err, "%s: the backend cannot do that",
					request->handler->name);
	pausing = calloc(1, sizeof(*pausing));
	if (!pausing)
		return warden_error_set(err, "no memory");
	pausing->request = request;
	pausing->pause = pause;
	pausing->operation.run = pause_backend_run;
	pausing->operation.done = pause_backend_done;
	container_queue(request->container, &pausing->operation);
	return 0;
}

static int pause_run(struct request *request, struct warden_error *err)
{
	return pause_start(request, true, err);
}

static int pause_resume_run(struct request *request, struct warden_error *err)
{
	return pause_start(request, false, err);
}

const struct request_handler pause_request = {
	.type = WARDEN__MESSAGE__TYPE__Pause,
	.name = "pause",
	.message = &warden__pause_request__descriptor,
	.needs = ACCESS_FULL,
	.audited = true,
	.states = STATE_ACTIVE,
	.run = pause_run,
};

const struct request_handler resume_request = {
	.type = WARDEN__MESSAGE__TYPE__Resume,
	.name = "resume",
	.message = &warden__resume_request__descriptor,
	.needs = ACCESS_FULL,
	.audited = true,
	.states = STATE_ACTIVE | STATE_STOPPED,
	.run = pause_resume_run,
};
