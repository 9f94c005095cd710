/* SPDX-License-Identifier: Apache-2.0 */
/* Link, Stream and Attach wait for a job to end; the last two also send its output. */
#include <config.h>

#include "core/job/job.h"
#include "core/wire/request.h"

static struct job *link_find_job(const struct request *request, uint32_t job_id,
				 struct warden_error *err)
{
	struct job *job = job_find(request->container, job_id);

	if (!job)
		warden_error_set(err, "no such job");
	return job;
}

static int link_run(struct request *request, struct warden_error *err)
{
	const Warden__LinkRequest *message = (const void *)request->message;
	struct job *job = link_find_job(request, message->job_id, err);

	return job ? job_wait(job, request, WAITER_LINK, NULL, err) : -1;
}

static int link_stream_run(struct request *request, struct warden_error *err)
{
	const Warden__StreamRequest *message = (const void *)request->message;
	struct job *job = link_find_job(request, message->job_id, err);
	const uint64_t from[STORES] = {message->stdout_offset, message->stderr_offset};

	return job ? job_wait(job, request, WAITER_STREAM, from, err) : -1;
}

static int link_attach_run(struct request *request, struct warden_error *err)
{
	const Warden__AttachRequest *message = (const void *)request->message;
	struct job *job = link_find_job(request, message->job_id, err);
	uint64_t from[STORES] = {message->stdout_offset, message->stderr_offset};

	if (!job)
		return -1;
	if (!message->replay && !message->has_stdout_offset)
		from[STORE_STDOUT] = job->stores[STORE_STDOUT].size;
	if (!message->replay && !message->has_stderr_offset)
		from[STORE_STDERR] = job->stores[STORE_STDERR].size;
	return job_wait(job, request, WAITER_ATTACH, from, err);
}

const struct request_handler link_request = {
	.type = WARDEN__MESSAGE__TYPE__Link,
	.name = "link",
	.message = &warden__link_request__descriptor,
	.needs = ACCESS_FULL,
	.states = STATE_ANY,
	.waits = true,
	.run = link_run,
	.cancel = job_waiter_cancel,
	.written = job_waiter_written,
};

const struct request_handler stream_request = {
	.type = WARDEN__MESSAGE__TYPE__Stream,
	.name = "stream",
	.message = &warden__stream_request__descriptor,
	.needs = ACCESS_FULL,
	.states = STATE_ANY,
	.waits = true,
	.run = link_stream_run,
	.cancel = job_waiter_cancel,
	.written = job_waiter_written,
};

const struct request_handler attach_request = {
	.type = WARDEN__MESSAGE__TYPE__Attach,
	.name = "attach",
	.message = &warden__attach_request__descriptor,
	.needs = ACCESS_FULL,
	.states = STATE_ANY,
	.waits = true,
	.run = link_attach_run,
	.cancel = job_waiter_cancel,
	.written = job_waiter_written,
};
