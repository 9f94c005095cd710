/* SPDX-License-Identifier: Apache-2.0 */
/* Link, Stream and Attach wait for a job to end; the last two also send its output. */
#include <config.h>

#include "core/job/job.h"
#include "core/wire/request.h"

static int link_wait_for_job(struct request *request, uint32_t job_id, enum waiter_kind kind,
			     bool from_start, struct warden_error *err)
{
	struct job *job = job_find(request->container, job_id);

	if (!job)
		return warden_error_set(err, "no such job");
	return job_wait(job, request, kind, from_start, err);
}

static int link_run(struct request *request, struct warden_error *err)
{
	const Warden__LinkRequest *message = (const void *)request->message;

	return link_wait_for_job(request, message->job_id, WAITER_LINK, true, err);
}

static int link_stream_run(struct request *request, struct warden_error *err)
{
	const Warden__StreamRequest *message = (const void *)request->message;

	return link_wait_for_job(request, message->job_id, WAITER_STREAM, true, err);
}

static int link_attach_run(struct request *request, struct warden_error *err)
{
	const Warden__AttachRequest *message = (const void *)request->message;

	return link_wait_for_job(request, message->job_id, WAITER_ATTACH, message->replay, err);
}

const struct request_handler link_request = {
	.type = WARDEN__MESSAGE__TYPE__Link,
	.name = "link",
	.message = &warden__link_request__descriptor,
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
	.states = STATE_ANY,
	.waits = true,
	.run = link_attach_run,
	.cancel = job_waiter_cancel,
	.written = job_waiter_written,
};
