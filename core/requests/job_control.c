/* SPDX-License-Identifier: Apache-2.0 */
/* JobSignal and JobResize: send a signal to a running job, or set the size of its terminal. */
#include <config.h>

#include <signal.h>
#include <stdlib.h>

#include "core/backend/backend_call.h"
#include "core/job/job.h"
#include "core/wire/request.h"

struct job_control {
	struct operation operation;
	struct request *request;
	uint32_t job_id;
	int signal;
	uint16_t rows, columns;
};

/* Worker thread. */
static int job_control_signal(struct operation *operation, struct warden_error *err)
{
	const struct job_control *control = (const struct job_control *)operation;
	struct container *c = operation->container;

	return BACKEND_CALL(c->server->container_klass, c->id, job_signal, err, c->backend,
			    control->job_id, control->signal);
}

/* Worker thread. */
static int job_control_resize(struct operation *operation, struct warden_error *err)
{
	const struct job_control *control = (const struct job_control *)operation;
	struct container *c = operation->container;

	return BACKEND_CALL(c->server->container_klass, c->id, job_resize, err, c->backend,
			    control->job_id, control->rows, control->columns);
}

static void job_control_done(struct operation *operation, int result, struct warden_error *err)
{
	struct job_control *control = (struct job_control *)operation;

	if (result < 0)
		request_fail(control->request, err);
	else
		request_answer_empty(control->request);
	free(control);
}

/* The job `id`, which must be running; NULL and `err` otherwise. */
static struct job *job_control_find_running(const struct request *request, uint32_t id,
					    struct warden_error *err)
{
	struct job *job = job_find(request->container, id);

	if (!job)
		warden_error_set(err, "no such job");
	else if (job->ended)
		warden_error_set(err, "job %u has ended", id);
	else
		return job;
	return NULL;
}

static int job_control_queue(const struct job_control *wanted,
			     int (*run)(struct operation *operation, struct warden_error *err),
			     struct warden_error *err)
{
	struct job_control *control = malloc(sizeof(*control));

	if (!control)
		return warden_error_set(err, "no memory");
	*control = *wanted;
	control->operation.run = run;
	control->operation.done = job_control_done;
	container_queue(control->request->container, &control->operation);
	return 0;
}

static int job_signal_run(struct request *request, struct warden_error *err)
{
	const Warden__JobSignalRequest *message = (const void *)request->message;
	const struct job_control control = {
		.request = request, .job_id = message->job_id, .signal = (int)message->signal};

	if (message->signal < 1 || message->signal >= (unsigned)_NSIG)
		return warden_error_set(err, "signal: %u is out of range, 1 to %d are allowed",
					message->signal, _NSIG - 1);
	if (!request->server->container_klass->job_signal)
		return warden_error_set(err, "job_signal: backend %s does not support it",
					request->server->container_klass->name);
	if (!job_control_find_running(request, message->job_id, err))
		return -1;
	return job_control_queue(&control, job_control_signal, err);
}

static int job_control_check_size(const char *field, uint32_t value, struct warden_error *err)
{
	if (value >= 1 && value <= UINT16_MAX)
		return 0;
	return warden_error_set(err, "%s: %u is out of range, 1 to %d are allowed", field, value,
				UINT16_MAX);
}

static int job_resize_run(struct request *request, struct warden_error *err)
{
	const Warden__JobResizeRequest *message = (const void *)request->message;
	const struct job_control control = {.request = request,
					    .job_id = message->job_id,
					    .rows = (uint16_t)message->rows,
					    .columns = (uint16_t)message->columns};
	const struct job *job;

	if (job_control_check_size("rows", message->rows, err) < 0 ||
	    job_control_check_size("columns", message->columns, err) < 0)
		return -1;
	job = job_control_find_running(request, message->job_id, err);
	if (!job)
		return -1;
	if (!job->terminal)
		return warden_error_set(err, "job %u has no terminal", job->id);
	return job_control_queue(&control, job_control_resize, err);
}

const struct request_handler job_signal_request = {
	.type = WARDEN__MESSAGE__TYPE__JobSignal,
	.name = "job_signal",
	.message = &warden__job_signal_request__descriptor,
	.needs = ACCESS_FULL,
	.audited = true,
	.states = STATE_ACTIVE | STATE_STOPPED,
	.run = job_signal_run,
};

const struct request_handler job_resize_request = {
	.type = WARDEN__MESSAGE__TYPE__JobResize,
	.name = "job_resize",
	.message = &warden__job_resize_request__descriptor,
	.needs = ACCESS_FULL,
	.states = STATE_ACTIVE | STATE_STOPPED,
	.run = job_resize_run,
};
