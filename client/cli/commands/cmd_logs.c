/* SPDX-License-Identifier: Apache-2.0 */
/* `warden logs`: what a job has written so far, or with --follow until it ends. The job's result
 * stays for others. */
#include <config.h>

#include "client/cli/cli.h"

#include <inttypes.h>
#include <stdlib.h>

/* Finds a job of the answer, or the last one if `number` is 0. */
static const struct warden_message *cmd_logs_find(const struct warden_message *jobs,
						  uint64_t number)
{
	const struct warden_message *found = NULL;

	for (size_t i = 0; i < warden_message_count(jobs, "jobs"); i++) {
		const struct warden_message *job = warden_message_child(jobs, "jobs", i);
		uint64_t id = warden_message_number(job, "job_id", 0);

		if (number ? id == number
			   : !found || id > warden_message_number(found, "job_id", 0))
			found = job;
	}
	return found;
}

/* The status of `logs` is not the job's. */
static int cmd_logs_finish(void *data, const struct warden_message *answer)
{
	(void)data;
	(void)answer;
	return 0;
}

static int cmd_logs_print(struct invocation *invocation, const struct warden_message *job)
{
	const struct session_options options = {
		.request = "attach",
		.replay = true,
		.until = {warden_message_number(job, "stdout_bytes", 0),
			  warden_message_number(job, "stderr_bytes", 0)},
		.has_until = !invocation->follow,
		.finish = cmd_logs_finish,
		.signal_fd = -1,
	};
	size_t length;
	const char *handle = invocation_handle(invocation, &length);
	bool woken;

	if (options.has_until && options.until[0] + options.until[1] == 0)
		return 0;
	return job_streams_run(invocation, handle, length, warden_message_number(job, "job_id", 0),
			       &options, &woken);
}

int cmd_logs(struct invocation *invocation)
{
	char *end = NULL;
	uint64_t number = invocation->job ? strtoull(invocation->job, &end, 10) : 0;
	const struct warden_message *job;
	struct warden_message *jobs;
	int status;

	if (end && (*end || number == 0))
		return usage_error(invocation, "--job-id: '%s' is not a valid JOB",
				   invocation->job);
	status = client_open(invocation);
	if (status != 0)
		return status;
	jobs = warden_client_call(invocation->client, invocation->requests[0]);
	if (!jobs)
		return client_failed(invocation);
	job = cmd_logs_find(jobs, number);
	if (job) {
		status = cmd_logs_print(invocation, job);
	} else {
		complain(invocation, "there is no %sjob; one that was collected has no output here",
			 number ? "such " : "");
		status = STATUS_FAILED;
	}
	warden_message_free(jobs);
	return status;
}
