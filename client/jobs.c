/* SPDX-License-Identifier: Apache-2.0 */
/* Commands whose result is a job's: its output, unchanged, and its exit status. */
#include <config.h>

#include "client/command.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { STATUS_UNKNOWN = 255 }; /* the protocol's for a job that has none */

int job_status(const struct warden_message *answer)
{
	if (warden_message_count(answer, "exit_status") == 0)
		return STATUS_UNKNOWN;
	return (int)(warden_message_number(answer, "exit_status", 0) & 0xff);
}

int job_output(void *data, const char *name, const void *bytes, size_t length)
{
	int *number = data;
	int fd = strcmp(name, "stderr") == 0 ? STDERR_FILENO : STDOUT_FILENO;

	if (write_all(fd, bytes, length) == 0)
		return 0;
	*number = errno;
	return -1;
}

static int output_failed(const struct invocation *invocation, int number)
{
	complain(invocation, "write the output: %s", strerror(number));
	return STATUS_FAILED;
}

static int print_result(const struct invocation *invocation, const struct warden_message *answer)
{
	static const char *const names[] = {"stdout", "stderr"};
	int number;

	for (size_t i = 0; i < 2; i++) {
		size_t length;
		const char *bytes = warden_message_bytes(answer, names[i], 0, &length);

		if (bytes && job_output(&number, names[i], bytes, length) < 0)
			return output_failed(invocation, number);
	}
	return job_status(answer);
}

int job_run(struct invocation *invocation)
{
	struct warden_message *request = invocation->requests[0], *answer;
	int status = call_prepare(invocation);

	if (status != 0)
		return status;
	answer = warden_client_call(invocation->client, request);
	if (!answer)
		return client_failed(invocation);
	status = invocation->json ? print_answer(invocation, answer)
				  : print_result(invocation, answer);
	warden_message_free(answer);
	return status;
}

/* With --json: every answer of the stream as it comes, an object a line. */
static int stream_json(struct invocation *invocation, const struct warden_message *request)
{
	struct warden_message *answer = warden_client_call(invocation->client, request);
	bool over = false;

	while (answer && !over) {
		over = warden_message_count(answer, "exit_status") > 0;
		if (json_print(stdout, answer) < 0 || fflush(stdout) != 0) {
			int number = errno;

			warden_message_free(answer);
			return output_failed(invocation, number);
		}
		warden_message_free(answer);
		answer = over ? NULL : warden_client_receive(invocation->client);
	}
	return over ? 0 : client_failed(invocation);
}

int stream_run(struct invocation *invocation)
{
	struct warden_message *answer;
	int number = 0;
	int status = client_open(invocation);

	if (status != 0)
		return status;
	if (invocation->json)
		return stream_json(invocation, invocation->requests[0]);
	answer = warden_client_stream(invocation->client, invocation->requests[0], job_output,
				      &number);
	if (!answer && number != 0)
		return output_failed(invocation, number);
	if (!answer)
		return client_failed(invocation);
	status = job_status(answer);
	warden_message_free(answer);
	return status;
}
