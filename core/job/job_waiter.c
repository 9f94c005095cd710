/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that wait for a job: link and run are answered at its end, stream and attach receive
 * output as it is written. All read from the job's stores; each has its own position. */
#include <config.h>

#include <stdlib.h>

#include "core/container/container_info.h"
#include "core/job/job.h"
#include "core/job/job_answer.h"
#include "core/log.h"
#include "core/server.h"
#include "core/state/job_log.h"
#include "core/wire/request.h"

enum { CHUNK = 262144 }; /* bytes of one StreamResponse */

int job_wait(struct job *job, struct request *request, enum waiter_kind kind,
	     const uint64_t from[STORES], struct warden_error *err)
{
	struct job_waiter *waiter = calloc(1, sizeof(*waiter));

	if (!waiter)
		return warden_error_set(err, "no memory");
	waiter->job = job;
	waiter->request = request;
	waiter->kind = kind;
	for (int i = 0; i < STORES && from; i++)
		waiter->sent[i] = from[i];
	request->data = waiter;
	TAILQ_INSERT_TAIL(&job->waiters, waiter, link);
	job_step(job);
	return 0;
}

static void job_waiter_remove_files(const struct job *job)
{
	const struct job_files files = {
		.job_id = job->id,
		.written = {job->stores[STORE_STDOUT].size > 0, job->stores[STORE_STDERR].size > 0},
		.logged = job->log_tag != NULL,
	};

	if (!files.written[STORE_STDOUT] && !files.written[STORE_STDERR])
		return;
	job_log_remove_files(job->container, &files);
	container_save_jobs(job->container);
}

/* If no request waits: frees a job that was collected, and stores the end of another one, which is
 * kept until a client asks for it. */
static void job_waiter_release_job(struct job *job)
{
	struct container *c = job->container;

	if (!job->settled || !TAILQ_EMPTY(&job->waiters) || job->answering)
		return;
	if (!job->end_stored && !job->collected) {
		job->end_stored = true;
		job_log_put(job);
		job_log_forget(c, job->id);
		container_save_jobs(c);
	}
	if (!job->collected || job->stores[STORE_STDOUT].working ||
	    job->stores[STORE_STDERR].working)
		return;
	job_waiter_remove_files(job);
	job_free(job);
}

static void job_waiter_remove(struct job_waiter *waiter)
{
	TAILQ_REMOVE(&waiter->job->waiters, waiter, link);
	free(waiter);
}

void job_collect(struct job *job)
{
	if (!job->collected) {
		job->collected = true;
		job->container->changed |= job->shown;
		job_log_drop(job->container, job->id);
		job_log_forget(job->container, job->id);
		container_save_jobs(job->container);
	}
	job_waiter_release_job(job);
}

bool job_waiter_cancel(struct request *request)
{
	struct job_waiter *waiter = request->data;
	struct job *job;

	if (!waiter)
		return false; /* the job is being started */
	job = waiter->job;
	job_waiter_remove(waiter);
	job_waiter_release_job(job);
	return true;
}

void job_waiter_written(struct request *request, bool whole)
{
	struct job_waiter *waiter = request->data;
	enum waiter_kind kind;
	struct container *c;
	struct job *job;

	if (!waiter)
		return; /* the request failed before it waited */
	job = waiter->job;
	c = job->container;
	waiter->sending = false;
	if (!request->answered) {
		job_waiters_step(job);
		return;
	}
	kind = waiter->kind;
	job_waiter_remove(waiter);
	if (whole && kind != WAITER_ATTACH && !job->keep)
		job_collect(job);
	else
		job_waiter_release_job(job);
	/* The job may be freed already. */
	if (c->destroy.op_done)
		destroy_step(c);
}

/* Fails a request whose answer cannot be encoded; the job remains. */
static void job_waiter_fail(struct job_waiter *waiter, struct segment_list *list)
{
	struct request *request = waiter->request;
	struct job *job = waiter->job;

	segments_free(list);
	request->data = NULL;
	job_waiter_remove(waiter);
	request_fail_text(request, "the job's output cannot be read");
	job_waiter_release_job(job);
}

static void job_waiter_send_chunk(struct job_waiter *waiter, int index, struct store_range range)
{
	struct segment_list list = TAILQ_HEAD_INITIALIZER(list);

	if (range.length > CHUNK)
		range.length = CHUNK;
	if (!job_answer_chunk(&list, &waiter->job->stores[index], range)) {
		job_waiter_fail(waiter, &list);
		return;
	}
	waiter->sent[index] = range.offset + range.length;
	waiter->sending = true;
	request_send_part(waiter->request, &list); /* may call back at once and free the waiter */
}

/* True if all output was sent to a stream; a link is always ready. */
static bool job_waiter_is_ready(const struct job_waiter *waiter)
{
	struct store_range range;

	if (waiter->sending)
		return false;
	if (waiter->kind == WAITER_LINK)
		return true;
	for (int i = 0; i < STORES; i++)
		if (output_store_next(&waiter->job->stores[i], waiter->sent[i], &range))
			return false;
	return true;
}

static void job_waiter_answer(struct job_waiter *waiter)
{
	struct segment_list list = TAILQ_HEAD_INITIALIZER(list);

	if (!job_answer_end(&list, waiter->job, waiter->request->handler->type)) {
		job_waiter_fail(waiter, &list);
		return;
	}
	waiter->sending = true;
	request_answer_segments(waiter->request, &list); /* may call back at once */
}

/* The first waiter that can receive the final answer. Searched again after each answer, which may
 * free others. */
static struct job_waiter *job_waiter_find_ready(const struct job *job)
{
	struct job_waiter *waiter;

	TAILQ_FOREACH(waiter, &job->waiters, link)
		if (job_waiter_is_ready(waiter))
			return waiter;
	return NULL;
}

/* `answering` keeps the job while its waiters are freed. */
static void job_waiter_answer_ready(struct job *job)
{
	struct job_waiter *waiter;

	job->answering = true;
	while ((waiter = job_waiter_find_ready(job)))
		job_waiter_answer(waiter);
	job->answering = false;
	job_waiter_release_job(job);
}

static void job_waiter_after_info(struct container *c, void *data)
{
	(void)c;
	job_waiter_answer_ready(data);
}

static void job_waiter_step_end(struct job *job)
{
	struct container *c = job->container;

	if (job->answering)
		return;
	if (!job->settled || !job_waiter_find_ready(job)) {
		job_waiter_release_job(job);
		return;
	}
	/* The last info of a destroyed container is known already. */
	if (c->alive && !c->destroy.ending) {
		job->answering = true;
		if (container_info_ask(c, job_waiter_after_info, job))
			return;
	}
	job_waiter_answer_ready(job);
}

/* The first stream with output to send. */
static struct job_waiter *job_waiter_find_stream(const struct job *job, int *index,
						 struct store_range *range)
{
	struct job_waiter *waiter;

	TAILQ_FOREACH(waiter, &job->waiters, link)
		for (*index = 0; *index < STORES; (*index)++)
			if (waiter->kind != WAITER_LINK && !waiter->sending &&
			    output_store_next(&job->stores[*index], waiter->sent[*index], range))
				return waiter;
	return NULL;
}

void job_waiters_step(struct job *job)
{
	bool held = job->answering;
	struct store_range range;
	struct job_waiter *waiter;
	int index;

	job->answering = true; /* keeps the job */
	while ((waiter = job_waiter_find_stream(job, &index, &range)))
		job_waiter_send_chunk(waiter, index, range);
	job->answering = held;
	job_waiter_step_end(job);
}
