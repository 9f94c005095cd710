/* SPDX-License-Identifier: Apache-2.0 */
/* JobSignal and JobResize: what the backend is told about a job that runs. */
#include <config.h>

#include <signal.h>
#include <stdlib.h>

#include "core/job/job.h"
#include "core/wire/request.h"

struct control {
	struct operation operation;
	struct request *request;
	uint32_t job_id;
	int signal;
	uint16_t rows, columns;
};

/* Worker thread. */
static int signal_run(struct operation *operation, struct warden_error *err)
{
	const struct control *control = (const struct control *)operation;
	struct container *c = operation->container;

	return c->server->container_klass->job_signal(c->backend, control->job_id, control->signal,
						      err);
}

/* Worker thread. */
static int resize_run(struct operation *operation, struct warden_error *err)
{
	const struct control *control = (const struct control *)operation;
	struct container *c = operation->container;

	return c->server->container_klass->job_resize(c->backend, control->job_id, control->rows,
						      control->columns, err);
}

static void control_done(struct operation *operation, int result, struct warden_error *err)
{
	struct control *control = (struct control *)operation;

	if (result < 0)
		request_fail(control->request, err);
	else
		request_answer_empty(control->request);
	free(control);
}

/* A job that runs. NULL and `err`: there is none. */
static struct job *find_running(const struct request *request, uint32_t id,
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

static int queue(const struct control *wanted,
		 int (*run)(struct operation *operation, struct warden_error *err),
		 struct warden_error *err)
{
	struct control *control = malloc(sizeof(*control));

	if (!control)
		return warden_error_set(err, "no memory");
	*control = *wanted;
	control->operation.run = run;
	control->operation.done = control_done;
	container_queue(control->request->container, &control->operation);
	return 0;
}

static int job_signal_request_run(struct request *request, struct warden_error *err)
{
	const Warden__JobSignalRequest *message = (const void *)request->message;
	const struct control control = {
		.request = request, .job_id = message->job_id, .signal = (int)message->signal};

	if (message->signal < 1 || message->signal >= (unsigned)_NSIG)
		return warden_error_set(err, "signal: %u is out of range, 1 to %d are allowed",
					message->signal, _NSIG - 1);
	if (!request->server->container_klass->job_signal)
		return warden_error_set(err, "job_signal: the backend %s cannot",
					request->server->container_klass->name);
	if (!find_running(request, message->job_id, err))
		return -1;
	return queue(&control, signal_run, err);
}

static int check_size(const char *field, uint32_t value, struct warden_error *err)
{
	if (value >= 1 && value <= UINT16_MAX)
		return 0;
	return warden_error_set(err, "%s: %u is out of range, 1 to %d are allowed", field, value,
				UINT16_MAX);
}

static int job_resize_request_run(struct request *request, struct warden_error *err)
{
	const Warden__JobResizeRequest *message = (const void *)request->message;
	const struct control control = {.request = request,
					.job_id = message->job_id,
					.rows = (uint16_t)message->rows,
					.columns = (uint16_t)message->columns};
	const struct job *job;

	if (check_size("rows", message->rows, err) < 0 ||
	    check_size("columns", message->columns, err) < 0)
		return -1;
	job = find_running(request, message->job_id, err);
	if (!job)
		return -1;
	if (!job->terminal)
		return warden_error_set(err, "job %u has no terminal", job->id);
	return queue(&control, resize_run, err);
}

const struct request_handler job_signal_request = {
	.type = WARDEN__MESSAGE__TYPE__JobSignal,
	.name = "job_signal",
	.message = &warden__job_signal_request__descriptor,
	.states = STATE_ACTIVE | STATE_STOPPED,
	.run = job_signal_request_run,
};

const struct request_handler job_resize_request = {
	.type = WARDEN__MESSAGE__TYPE__JobResize,
	.name = "job_resize",
	.message = &warden__job_resize_request__descriptor,
	.states = STATE_ACTIVE | STATE_STOPPED,
	.run = job_resize_request_run,
};
