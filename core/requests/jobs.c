/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs lists the jobs that have not been collected; Collect releases an ended job that was kept. */
#include <config.h>

#include <stdlib.h>

#include "core/job/job.h"
#include "core/state/snapshot.h"
#include "core/wire/message_text.h"
#include "core/wire/request.h"

struct jobs_entry {
	Warden__JobsResponse__Job message;
	Warden__JobEnd end;
};

/* Sets an optional field. */
#define SET(field, value)                                                                          \
	do {                                                                                       \
		message->has_##field = true;                                                       \
		message->field = (value);                                                          \
	} while (0)

static void jobs_fill_entry(struct jobs_entry *entry, const struct job *job)
{
	Warden__JobsResponse__Job *message = &entry->message;

	warden__jobs_response__job__init(message);
	message->job_id = job->id;
	message->running = !job->settled;
	message_set_text(&message->has_command, &message->command, job->command);
	message_set_text(&message->has_user, &message->user, job->user);
	if (job->started_us > 0)
		SET(started_us, job->started_us);
	SET(stdout_bytes, job->stores[STORE_STDOUT].size);
	SET(stderr_bytes, job->stores[STORE_STDERR].size);
	SET(kept, job->keep);
	SET(terminal, job->terminal);
	SET(stdin, job->has_input && job->input.fd >= 0);
	if (!job->settled)
		return;
	SET(exit_status, job_exit_status(job));
	job_end_answer(job, &entry->end);
	message->end = &entry->end;
}

static int jobs_run(struct request *request, struct warden_error *err)
{
	const struct container *c = request->container;
	Warden__JobsResponse answer = WARDEN__JOBS_RESPONSE__INIT;
	Warden__JobsResponse__Job **messages;
	struct jobs_entry *entries;
	const struct job *job;
	size_t n = 0;

	TAILQ_FOREACH(job, &c->jobs, link)
		n += !job->collected;
	entries = calloc(n + 1, sizeof(*entries));
	messages = calloc(n + 1, sizeof(Warden__JobsResponse__Job *));
	if (!entries || !messages) {
		free(entries);
		free(messages);
		return warden_error_set(err, "no memory for %zu jobs", n);
	}
	TAILQ_FOREACH(job, &c->jobs, link)
		if (!job->collected) {
			struct jobs_entry *entry = &entries[answer.n_jobs];

			jobs_fill_entry(entry, job);
			messages[answer.n_jobs++] = &entry->message;
		}
	answer.jobs = messages;
	request_answer(request, &answer.base);
	free(entries);
	free(messages);
	return 0;
}

struct collection {
	struct operation operation;
	struct request *request;
};

static void collect_done(struct operation *operation, int result, struct warden_error *err)
{
	struct collection *collection = (struct collection *)operation;

	if (result < 0)
		request_fail(collection->request, err);
	else
		request_answer_empty(collection->request);
	free(collection);
}

/* Answered once the log says that the job is gone: it does not come back with the next daemon. With
 * a container that is being destroyed it goes anyway. */
static int collect_run(struct request *request, struct warden_error *err)
{
	const Warden__CollectRequest *message = (const void *)request->message;
	struct container *c = request->container;
	struct job *job = job_find(c, message->job_id);
	struct collection *collection;
	bool saving;

	if (!job)
		return warden_error_set(err, "no such job");
	if (!job->settled)
		return warden_error_set(err, "job %u has not ended", job->id);
	collection = calloc(1, sizeof(*collection));
	if (!collection)
		return warden_error_set(err, "no memory");
	saving = c->saving;
	c->saving = true; /* the operation below stores it */
	job_collect(job); /* may free it */
	c->saving = saving;
	if (!c->alive || c->destroy.started) {
		free(collection);
		request_answer_empty(request);
		return 0;
	}
	collection->request = request;
	collection->operation.run = snapshot_store;
	collection->operation.done = collect_done;
	collection->operation.stores_jobs = true;
	container_queue(c, &collection->operation);
	return 0;
}

const struct request_handler jobs_request = {
	.type = WARDEN__MESSAGE__TYPE__Jobs,
	.name = "jobs",
	.message = &warden__jobs_request__descriptor,
	.needs = ACCESS_READ,
	.states = STATE_ANY,
	.run = jobs_run,
};

const struct request_handler collect_request = {
	.type = WARDEN__MESSAGE__TYPE__Collect,
	.name = "collect",
	.message = &warden__collect_request__descriptor,
	.needs = ACCESS_FULL,
	.states = STATE_ANY,
	.run = collect_run,
};
