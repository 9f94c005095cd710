/* SPDX-License-Identifier: Apache-2.0 */
/* The encoding of answers about jobs; see job_answer.h. */
#include <config.h>

#include "core/job/job_answer.h"

#include <stdlib.h>
#include <unistd.h>

#include "core/container/container_info.h"
#include "core/log.h"
#include "lib/cleanup.h"
#include "lib/varint.h"
#include "proto/warden.pb-c.h"

enum {
	HEAD_MAX = 32,
	/* Field numbers. LinkResponse and RunResponse: status 1, stdout 2, stderr 3. StreamResponse
	   and AttachResponse: name 1, data 2, status 3. All: info 4. */
	LINK_STATUS = 1,
	LINK_STDOUT = 2,
	STREAM_NAME = 1,
	STREAM_DATA = 2,
	STREAM_STATUS = 3,
	INFO = 4,
	END = 100,
	RUN_JOB_ID = 101,
	STREAM_OFFSET = 101,
};

static bool job_answer_add_number(struct segment_list *list, unsigned field, uint64_t number)
{
	uint8_t *bytes = malloc(HEAD_MAX);
	size_t n = 0;

	if (bytes) {
		n = varint_put(bytes, field << 3);
		n += varint_put(bytes + n, number);
	}
	return segment_add_memory(list, bytes, n);
}

/* The key and length of a field of bytes. */
static bool job_answer_add_length(struct segment_list *list, unsigned field, uint64_t length)
{
	uint8_t *bytes = malloc(HEAD_MAX);
	size_t n = 0;

	if (bytes) {
		n = varint_put(bytes, field << 3 | 2);
		n += varint_put(bytes + n, length);
	}
	return segment_add_memory(list, bytes, n);
}

static bool job_answer_add_message(struct segment_list *list, unsigned field,
				   const ProtobufCMessage *message)
{
	size_t size = protobuf_c_message_get_packed_size(message);
	uint8_t *bytes = malloc(size + 1);

	if (bytes)
		protobuf_c_message_pack(message, bytes);
	return job_answer_add_length(list, field, size) && segment_add_memory(list, bytes, size);
}

static int job_answer_open_store(const struct output_store *store)
{
	int fd = output_store_open(store);

	if (fd < 0)
		log_write(WARDEN_LOG_ERROR, "%s: job %u: open its %s: %s",
			  store->job->container->id, store->job->id,
			  output_store_name(store->index), strerror(errno));
	return fd;
}

/* segment_add_file takes the descriptor. */
static bool job_answer_add_range(struct segment_list *list, const struct output_store *store,
				 struct store_range range)
{
	int fd = range.length > 0 ? job_answer_open_store(store) : -1;

	return range.length == 0 ||
	       (fd >= 0 && segment_add_file(list, fd, range.offset, range.length));
}

/* A copy in memory, since this part of the file may be dropped before the client has read it. */
static bool job_answer_add_copy(struct segment_list *list, const struct output_store *store,
				struct store_range range)
{
	_cleanup_close_ int fd = job_answer_open_store(store);
	uint8_t *bytes = fd < 0 ? NULL : malloc(range.length);

	if (!bytes)
		return false;
	if (pread(fd, bytes, range.length, (off_t)range.offset) != (ssize_t)range.length) {
		log_write(WARDEN_LOG_ERROR, "%s: job %u: read its %s: %s",
			  store->job->container->id, store->job->id,
			  output_store_name(store->index), strerror(errno));
		free(bytes);
		return false;
	}
	return segment_add_memory(list, bytes, range.length);
}

bool job_answer_chunk(struct segment_list *list, const struct output_store *store,
		      struct store_range range)
{
	const char *name = output_store_name(store->index);
	uint8_t *copy = (uint8_t *)strdup(name);

	if (!job_answer_add_length(list, STREAM_NAME, strlen(name))) {
		free(copy);
		return false;
	}
	return segment_add_memory(list, copy, strlen(name)) &&
	       job_answer_add_number(list, STREAM_OFFSET, range.offset) &&
	       job_answer_add_length(list, STREAM_DATA, range.length) &&
	       (store->job->output_policy == OUTPUT_KILL ? job_answer_add_range(list, store, range)
							 : job_answer_add_copy(list, store, range));
}

/* One field with all output that is kept, also if it is empty. */
static bool job_answer_add_output(struct segment_list *list, unsigned field,
				  const struct output_store *store)
{
	struct store_range ranges[2];

	output_store_kept(store, ranges);
	return job_answer_add_length(list, field, ranges[0].length + ranges[1].length) &&
	       job_answer_add_range(list, store, ranges[0]) &&
	       job_answer_add_range(list, store, ranges[1]);
}

static bool job_answer_add_info(struct segment_list *list, const struct container *c)
{
	struct info_answer answer;
	bool added = container_info_answer_init(&answer, c, &c->info) &&
		     job_answer_add_message(list, INFO, &answer.message.base);

	container_info_answer_free(&answer);
	return added;
}

static bool job_answer_add_end(struct segment_list *list, const struct job *job)
{
	Warden__JobEnd end;

	job_end_answer(job, &end);
	return job_answer_add_message(list, END, &end.base);
}

bool job_answer_end(struct segment_list *list, const struct job *job, int type)
{
	bool streams =
		type == WARDEN__MESSAGE__TYPE__Stream || type == WARDEN__MESSAGE__TYPE__Attach;

	if (!job_answer_add_number(list, streams ? STREAM_STATUS : LINK_STATUS,
				   job_exit_status(job)))
		return false;
	if (!streams && !(job_answer_add_output(list, LINK_STDOUT, &job->stores[STORE_STDOUT]) &&
			  job_answer_add_output(list, LINK_STDOUT + 1, &job->stores[STORE_STDERR])))
		return false;
	return job_answer_add_info(list, job->container) && job_answer_add_end(list, job) &&
	       (type != WARDEN__MESSAGE__TYPE__Run ||
		job_answer_add_number(list, RUN_JOB_ID, job->id));
}
