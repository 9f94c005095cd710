/* SPDX-License-Identifier: Apache-2.0 */
/* Those that wait for a job: link and run, which are answered at its end, and stream, which is sent
 * what the job writes as it comes. All read from the job's stores, each from the first byte. */
#include <config.h>

#include <stdlib.h>

#include "core/info.h"
#include "core/job.h"
#include "core/log.h"
#include "core/request.h"
#include "core/server.h"
#include "core/varint.h"

enum {
	CHUNK = 65536, /* of a stream */
	HEAD_MAX = 32,
};

int job_wait(struct job *job, struct request *request, bool stream, struct warden_error *err)
{
	struct waiter *waiter = calloc(1, sizeof(*waiter));

	if (!waiter)
		return warden_error_set(err, "no memory");
	waiter->job = job;
	waiter->request = request;
	waiter->stream = stream;
	request->data = waiter;
	TAILQ_INSERT_TAIL(&job->waiters, waiter, link);
	job_step(job);
	return 0;
}

/* Nobody waits any more: a job that was collected goes, another one is kept until somebody asks. */
static void release(struct job *job)
{
	struct container *c = job->container;
	uint32_t id = job->id;

	if (!job->settled || !TAILQ_EMPTY(&job->waiters) || job->answering)
		return;
	if (!job->end_stored && !job->collected) {
		job->end_stored = true;
		job_store_end(c, id);
	}
	if (!job->collected || job->stores[STORE_STDOUT].working ||
	    job->stores[STORE_STDERR].working)
		return;
	for (int i = 0; i < STORES; i++)
		store_remove(&job->stores[i]);
	job_free(job);
}

static void remove_waiter(struct waiter *waiter)
{
	TAILQ_REMOVE(&waiter->job->waiters, waiter, link);
	free(waiter);
}

bool waiter_cancel(struct request *request)
{
	struct waiter *waiter = request->data;
	struct job *job;

	if (!waiter)
		return false; /* the job is being started */
	job = waiter->job;
	remove_waiter(waiter);
	release(job);
	return true;
}

void waiter_written(struct request *request, bool whole)
{
	struct waiter *waiter = request->data;
	struct container *c;
	struct job *job;

	if (!waiter)
		return; /* it failed before it waited */
	job = waiter->job;
	c = job->container;
	waiter->sending = false;
	if (!request->answered) {
		waiters_step(job);
		return;
	}
	remove_waiter(waiter);
	if (whole && !job->collected) {
		job->collected = true;
		job_store_end(c, job->id);
	}
	release(job); /* may free it */
	if (c->destroy.op_done)
		destroy_step(c);
}

/* A field of bytes that lie in a store's file from `offset` on; also where there are none. */
static bool add_field(struct segment_list *list, unsigned number, const struct store *store,
		      uint64_t offset, uint64_t length)
{
	uint8_t *head = malloc(HEAD_MAX);
	size_t n;
	int fd;

	if (!head)
		return false;
	n = put_varint(head, number << 3 | 2);
	n += put_varint(head + n, length);
	if (!segment_add_memory(list, head, n))
		return false;
	if (length == 0)
		return true;
	fd = store_open(store);
	if (fd < 0) {
		log_write(WARDEN_LOG_ERROR, "%s: job %u: open its %s: %s",
			  store->job->container->id, store->job->id, store_name(store->index),
			  strerror(errno));
		return false;
	}
	return segment_add_file(list, fd, offset, length);
}

/* Ends a request whose answer cannot be put together; the job stays. */
static void give_up(struct waiter *waiter, struct segment_list *list)
{
	struct request *request = waiter->request;
	struct job *job = waiter->job;

	segments_free(list);
	request->data = NULL;
	remove_waiter(waiter);
	request_fail_text(request, "the job's output cannot be read");
	release(job);
}

static void send_chunk(struct waiter *waiter, int index)
{
	struct segment_list list = TAILQ_HEAD_INITIALIZER(list);
	struct store *store = &waiter->job->stores[index];
	const char *name = store_name(index);
	uint64_t length = store->size - waiter->sent[index];
	uint8_t *head = malloc(HEAD_MAX);
	size_t n = 0;

	if (length > CHUNK)
		length = CHUNK;
	if (head) {
		head[n++] = 1 << 3 | 2; /* field 1: name */
		n += put_varint(head + n, strlen(name));
		memcpy(head + n, name, strlen(name));
		n += strlen(name);
	}
	if (!segment_add_memory(&list, head, n) ||
	    !add_field(&list, 2, store, waiter->sent[index], length)) {
		give_up(waiter, &list);
		return;
	}
	waiter->sent[index] += length;
	waiter->sending = true;
	request_send_part(waiter->request, &list); /* may come back at once, and free the waiter */
}

/* Everything that a job wrote has been sent to a stream; a link is always ready. */
static bool is_ready(const struct waiter *waiter)
{
	if (waiter->sending)
		return false;
	if (!waiter->stream)
		return true;
	for (int i = 0; i < STORES; i++)
		if (waiter->sent[i] < waiter->job->stores[i].size)
			return false;
	return true;
}

/* Field 4 of LinkResponse, RunResponse and StreamResponse. */
static bool add_info(struct segment_list *list, const struct container *c)
{
	struct info_answer answer;
	uint8_t *bytes = NULL;
	size_t n = 0, size;

	if (info_answer_init(&answer, c, &c->info)) {
		size = protobuf_c_message_get_packed_size(&answer.message.base);
		bytes = malloc(HEAD_MAX + size);
		if (bytes) {
			n = put_varint(bytes, 4 << 3 | 2);
			n += put_varint(bytes + n, size);
			n += protobuf_c_message_pack(&answer.message.base, bytes + n);
		}
	}
	info_answer_free(&answer);
	return segment_add_memory(list, bytes, n);
}

static bool add_status(struct segment_list *list, unsigned field, const struct job *job)
{
	uint8_t *bytes = malloc(HEAD_MAX);
	size_t n = 0;

	if (bytes) {
		n = put_varint(bytes, field << 3);
		n += put_varint(bytes + n, job_exit_status(job));
	}
	return segment_add_memory(list, bytes, n);
}

static bool add_end(struct segment_list *list, const struct waiter *waiter)
{
	const struct job *job = waiter->job;

	if (waiter->stream)
		return add_status(list, 3, job) && add_info(list, job->container);
	return add_status(list, 1, job) &&
	       add_field(list, 2, &job->stores[STORE_STDOUT], 0, job->stores[STORE_STDOUT].size) &&
	       add_field(list, 3, &job->stores[STORE_STDERR], 0, job->stores[STORE_STDERR].size) &&
	       add_info(list, job->container);
}

static void answer(struct waiter *waiter)
{
	struct segment_list list = TAILQ_HEAD_INITIALIZER(list);

	if (!add_end(&list, waiter)) {
		give_up(waiter, &list);
		return;
	}
	waiter->sending = true;
	request_answer_segments(waiter->request, &list); /* may come back at once */
}

/* The first that is ready and was not answered. Asked anew each time: an answer may free others. */
static struct waiter *find_ready(const struct job *job)
{
	struct waiter *waiter;

	TAILQ_FOREACH(waiter, &job->waiters, link)
		if (is_ready(waiter))
			return waiter;
	return NULL;
}

/* `answering` holds the job while its waiters go one by one. */
static void answer_ready(struct job *job)
{
	struct waiter *waiter;

	job->answering = true;
	while ((waiter = find_ready(job)))
		answer(waiter);
	job->answering = false;
	release(job);
}

static void info_came(struct container *c, void *data)
{
	(void)c;
	answer_ready(data);
}

static void end_step(struct job *job)
{
	struct container *c = job->container;

	if (job->answering)
		return;
	if (!job->settled || !find_ready(job)) {
		release(job);
		return;
	}
	/* The last info of a container that is destroyed is known. */
	if (c->alive && c->state != STATE_DESTROYED) {
		job->answering = true;
		if (info_ask(c, info_came, job))
			return;
	}
	answer_ready(job);
}

/* The first stream that there is something for. */
static struct waiter *find_hungry(const struct job *job, int *index)
{
	struct waiter *waiter;

	TAILQ_FOREACH(waiter, &job->waiters, link)
		for (*index = 0; *index < STORES; (*index)++)
			if (waiter->stream && !waiter->sending &&
			    waiter->sent[*index] < job->stores[*index].size)
				return waiter;
	return NULL;
}

void waiters_step(struct job *job)
{
	bool held = job->answering;
	struct waiter *waiter;
	int index;

	job->answering = true; /* nobody frees it meanwhile */
	while ((waiter = find_hungry(job, &index)))
		send_chunk(waiter, index);
	job->answering = held;
	end_step(job);
}
