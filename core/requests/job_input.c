/* SPDX-License-Identifier: Apache-2.0 */
/* JobInput: writes to a job's standard input. */
#include <config.h>

#include "core/job/job.h"
#include "core/wire/request.h"

static int job_input_run(struct request *request, struct warden_error *err)
{
	const Warden__JobInputRequest *message = (const void *)request->message;
	struct job *job = job_find(request->container, message->job_id);

	if (!job)
		return warden_error_set(err, "no such job");
	return job_stdin_write(job, request, message->data.data, message->data.len, message->end,
			       err);
}

/* Tells the client what the job has, so that it can send the rest to the next daemon. */
static bool job_input_drain(struct request *request)
{
	const Warden__JobInputRequest *message = (const void *)request->message;
	Warden__JobInputResponse answer = WARDEN__JOB_INPUT_RESPONSE__INIT;

	if (!message->partial || !request->data)
		return false;
	answer.has_accepted = true;
	answer.accepted = job_stdin_withdraw(request);
	request_answer(request, &answer.base);
	return true;
}

const struct request_handler job_input_request = {
	.type = WARDEN__MESSAGE__TYPE__JobInput,
	.name = "job_input",
	.message = &warden__job_input_request__descriptor,
	.needs = ACCESS_FULL,
	.states = STATE_ANY,
	.waits = true,
	.run = job_input_run,
	.cancel = job_stdin_cancel,
	.drain = job_input_drain,
};
