/* SPDX-License-Identifier: Apache-2.0 */
/* Standard input of jobs; see job_stdin.h. */
#include <config.h>

#include "core/job/job_stdin.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/backend/backend_call.h"
#include "core/job/job.h"
#include "core/log.h"
#include "core/server.h"
#include "core/wire/request.h"

enum { TURN = 1 << 18 }; /* bytes per write, so that one job does not block the loop */

static void job_stdin_step(struct job *job);

void job_stdin_init(struct job_stdin *input)
{
	*input = (struct job_stdin){.fd = -1};
	TAILQ_INIT(&input->pieces);
}

static void job_stdin_free_poll(uv_handle_t *handle)
{
	free(handle);
}

static void job_stdin_refuse_waiting(struct job *job)
{
	struct input_piece *piece;

	while ((piece = TAILQ_FIRST(&job->input.pieces))) {
		struct request *request = piece->request;
		bool taken = piece->written == piece->length;

		TAILQ_REMOVE(&job->input.pieces, piece, link);
		free(piece);
		request->data = NULL;
		if (taken)
			request_answer_empty(request);
		else
			request_fail_text(request,
					  "the job does not read its standard input any more");
	}
}

void job_stdin_close(struct job *job)
{
	struct job_stdin *input = &job->input;

	if (input->poll)
		uv_close((uv_handle_t *)input->poll, job_stdin_free_poll);
	input->poll = NULL;
	if (input->fd >= 0)
		close(input->fd);
	input->fd = -1;
	job_stdin_refuse_waiting(job);
}

static void job_stdin_on_writable(uv_poll_t *poll, int status, int events)
{
	(void)status; /* the write reports the error */
	(void)events;
	uv_poll_stop(poll); /* cannot fail for an open handle */
	job_stdin_step(poll->data);
}

/* Opens the pipe anew: O_NONBLOCK belongs to the open file description, and other processes that
 * share ours could change it. */
void job_stdin_open(struct job *job, int pipe_fd)
{
	struct job_stdin *input = &job->input;
	char path[32];

	if (pipe_fd < 0)
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", pipe_fd);
	input->fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (input->fd < 0)
		log_write(WARDEN_LOG_ERROR, "%s: job %u: open its standard input: %s",
			  job->container->id, job->id, strerror(errno));
	close(pipe_fd);
	input->poll = input->fd < 0 ? NULL : malloc(sizeof(*input->poll));
	if (!input->poll ||
	    uv_poll_init(&job->container->server->loop, input->poll, input->fd) < 0) {
		free(input->poll);
		input->poll = NULL;
		job_stdin_close(job);
		return;
	}
	input->poll->data = job;
}

/* Worker thread. */
static int job_stdin_end_run(struct operation *operation, struct warden_error *err)
{
	struct container *c = operation->container;

	return BACKEND_CALL(c->server->container_klass, c->id, job_close_input, err, c->backend,
			    (uint32_t)(uintptr_t)operation->data);
}

/* The request whose data ends the input; NULL: its client has left. */
static struct request *job_stdin_take_ended(struct job_stdin *input)
{
	struct input_piece *piece = TAILQ_FIRST(&input->pieces);
	struct request *request;

	if (!piece || !piece->end || piece->written < piece->length)
		return NULL;
	request = piece->request;
	request->data = NULL;
	TAILQ_REMOVE(&input->pieces, piece, link);
	free(piece);
	return request;
}

/* All other copies of the pipe are closed, also for a later daemon. Closes the daemon's copy, so
 * that the job reads end of file, and answers the request. */
static void job_stdin_end_done(struct operation *operation, int result, struct warden_error *err)
{
	struct container *c = operation->container;
	struct job *job = job_find(c, (uint32_t)(uintptr_t)operation->data);
	struct request *request = NULL;

	if (result < 0 && !c->destroy.started)
		log_write(WARDEN_LOG_ERROR, "%s: job %u: close its standard input: %s", c->id,
			  (uint32_t)(uintptr_t)operation->data, err->message);
	if (job) {
		request = job_stdin_take_ended(&job->input);
		job_stdin_close(job);
	}
	if (request && result < 0)
		request_fail(request, err);
	else if (request)
		request_answer_empty(request);
	free(operation);
}

static void job_stdin_end(struct job *job)
{
	struct operation *operation;

	if (job->input.ending)
		return;
	operation = calloc(1, sizeof(*operation));
	if (!operation || !job->container->server->container_klass->job_close_input) {
		free(operation);
		job_stdin_close(job);
		return;
	}
	job->input.ending = true;
	operation->run = job_stdin_end_run;
	operation->done = job_stdin_end_done;
	operation->data = (void *)(uintptr_t)job->id;
	container_queue(job->container, operation);
}

/* Returns the number of bytes written; 0: the pipe is full; -1: it has no reader. */
static ssize_t job_stdin_write_some(const struct job_stdin *input, struct input_piece *piece)
{
	size_t left = piece->length - piece->written;
	ssize_t got;

	do
		got = write(input->fd, piece->data + piece->written, left < TURN ? left : TURN);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == EAGAIN ? 0 : -1;
	piece->written += (size_t)got;
	return got;
}

static void job_stdin_step(struct job *job)
{
	struct job_stdin *input = &job->input;
	struct input_piece *piece = TAILQ_FIRST(&input->pieces);
	struct request *request = NULL;

	if (!piece || input->fd < 0)
		return;
	if (piece->written < piece->length && job_stdin_write_some(input, piece) < 0) {
		job_stdin_close(job);
		return;
	}
	if (piece->written == piece->length && piece->end) {
		job_stdin_end(job);
		return;
	}
	if (piece->written == piece->length) {
		request = piece->request;
		request->data = NULL;
		TAILQ_REMOVE(&input->pieces, piece, link);
		free(piece);
	}
	if (!TAILQ_EMPTY(&input->pieces) && input->poll)
		uv_poll_start(input->poll, UV_WRITABLE, job_stdin_on_writable);
	if (request)
		request_answer_empty(request);
}

int job_stdin_write(struct job *job, struct request *request, const uint8_t *data, size_t length,
		    bool end, struct warden_error *err)
{
	struct input_piece *piece;
	bool first = TAILQ_EMPTY(&job->input.pieces);

	if (!job->has_input)
		return warden_error_set(err,
					"job %u has no standard input to write to: it was not "
					"started with stdin",
					job->id);
	if (job->input.fd < 0 || job->input.ending)
		return warden_error_set(err, "the standard input of job %u is closed", job->id);
	piece = calloc(1, sizeof(*piece));
	if (!piece)
		return warden_error_set(err, "no memory");
	piece->job = job;
	piece->request = request;
	piece->data = data;
	piece->length = length;
	piece->end = end;
	request->data = piece;
	TAILQ_INSERT_TAIL(&job->input.pieces, piece, link);
	if (first)
		job_stdin_step(job);
	return 0;
}

size_t job_stdin_withdraw(struct request *request)
{
	struct input_piece *piece = request->data;
	size_t written = piece->written;

	TAILQ_REMOVE(&piece->job->input.pieces, piece, link);
	free(piece);
	request->data = NULL;
	return written;
}

bool job_stdin_cancel(struct request *request)
{
	struct input_piece *piece = request->data;

	if (!piece)
		return false;
	job_stdin_withdraw(request);
	return true;
}
