/* SPDX-License-Identifier: Apache-2.0 */
/* `warden logs`: what a job has written so far, or with --follow until it ends. The job's result
 * stays for others. */
#include <config.h>

#include "client/cli/cli.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TAIL = 1000000 }; /* lines */

#define ALL_LINES UINT64_MAX

/* Finds where the last lines of each stream begin. */
struct logs_tail {
	uint64_t n;          /* lines that are wanted */
	uint64_t until[2];   /* the end of what is read of stdout and stderr */
	uint64_t lines[2];   /* that were found */
	uint64_t *begins[2]; /* the offsets of the last n of them; a ring */
	bool inside[2];      /* the last byte was no line end */
};

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

static void cmd_logs_count_lines(void *data, const char *name, const char *bytes, size_t length,
				 uint64_t offset)
{
	struct logs_tail *tail = data;
	int i = strcmp(name, "stderr") == 0;
	uint64_t left = tail->until[i] > offset ? tail->until[i] - offset : 0;
	const char *at = bytes, *end = bytes + (length < left ? length : left);

	while (at < end) {
		const char *line_end = memchr(at, '\n', (size_t)(end - at));

		if (!tail->inside[i])
			tail->begins[i][tail->lines[i]++ % tail->n] =
				offset + (uint64_t)(at - bytes);
		tail->inside[i] = !line_end;
		at = line_end ? line_end + 1 : end;
	}
}

/* Reads what the job has written so far, over a connection of its own, which is left in the middle
 * of the answers; `from` gets the offsets of the last lines. */
static int cmd_logs_find_lines(struct invocation *invocation, uint64_t job, struct logs_tail *tail,
			       uint64_t from[2])
{
	const struct session_options options = {
		.request = "attach",
		.replay = true,
		.until = {tail->until[0], tail->until[1]},
		.has_until = true,
		.output = cmd_logs_count_lines,
		.finish = cmd_logs_finish,
		.data = tail,
		.signal_fd = -1,
	};
	size_t length;
	const char *handle = invocation_handle(invocation, &length);
	struct warden_client *first = invocation->client, *another = NULL;
	bool woken;
	int status = client_open_another(invocation, &another);

	invocation->client = another;
	if (status == 0)
		status = job_streams_run(invocation, handle, length, job, &options, &woken);
	invocation->client = first;
	warden_client_free(another);
	for (int i = 0; i < 2 && status == 0; i++)
		if (tail->lines[i] > 0)
			from[i] =
				tail->begins[i][tail->lines[i] > tail->n ? tail->lines[i] % tail->n
									 : 0];
	return status;
}

/* Sets the offsets at which the last n lines of what the job has written begin. */
static int cmd_logs_skip_lines(struct invocation *invocation, uint64_t job, uint64_t n,
			       const uint64_t until[2], uint64_t from[2])
{
	struct logs_tail tail = {.n = n, .until = {until[0], until[1]}};
	int status = 0;

	memcpy(from, until, sizeof(tail.until));
	if (n == 0 || until[0] + until[1] == 0)
		return 0;
	tail.begins[0] = calloc(n, sizeof(uint64_t));
	tail.begins[1] = calloc(n, sizeof(uint64_t));
	if (tail.begins[0] && tail.begins[1]) {
		status = cmd_logs_find_lines(invocation, job, &tail, from);
	} else {
		complain(invocation, "out of memory");
		status = STATUS_FAILED;
	}
	free(tail.begins[0]);
	free(tail.begins[1]);
	return status;
}

/* Reads --tail, ALL_LINES without it. Returns a status. */
static int cmd_logs_read_tail(const struct invocation *invocation, uint64_t *n)
{
	const char *text = invocation->tail ?: "all";
	char *end;

	*n = ALL_LINES;
	if (strcmp(text, "all") == 0)
		return 0;
	*n = strtoull(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && *n <= MAX_TAIL)
		return 0;
	return usage_error(invocation, "--tail: '%s' is not a number of lines up to %d, or all",
			   text, MAX_TAIL);
}

/* Prints the last n lines, and what follows if that is asked for. */
static int cmd_logs_print(struct invocation *invocation, const struct warden_message *job,
			  uint64_t n)
{
	struct session_options options = {
		.request = "attach",
		.replay = true,
		.until = {warden_message_number(job, "stdout_bytes", 0),
			  warden_message_number(job, "stderr_bytes", 0)},
		.has_until = !invocation->follow,
		.finish = cmd_logs_finish,
		.signal_fd = -1,
	};
	uint64_t id = warden_message_number(job, "job_id", 0);
	size_t length;
	const char *handle = invocation_handle(invocation, &length);
	bool woken;
	int status = 0;

	if (n != ALL_LINES)
		status = cmd_logs_skip_lines(invocation, id, n, options.until, options.from);
	if (status != 0)
		return status;
	if (options.has_until && options.from[0] >= options.until[0] &&
	    options.from[1] >= options.until[1])
		return 0;
	return job_streams_run(invocation, handle, length, id, &options, &woken);
}

int cmd_logs(struct invocation *invocation)
{
	char *end = NULL;
	uint64_t number = invocation->job ? strtoull(invocation->job, &end, 10) : 0, lines;
	const struct warden_message *job;
	struct warden_message *jobs;
	int status;

	if (end && (*end || number == 0))
		return usage_error(invocation, "--job-id: '%s' is not a valid JOB",
				   invocation->job);
	status = cmd_logs_read_tail(invocation, &lines);
	if (status == 0)
		status = client_open(invocation);
	if (status != 0)
		return status;
	jobs = warden_client_call(invocation->client, invocation->requests[0]);
	if (!jobs)
		return client_failed(invocation);
	job = cmd_logs_find(jobs, number);
	if (job) {
		status = cmd_logs_print(invocation, job, lines);
	} else {
		complain(invocation, "there is no %sjob; one that was collected has no output here",
			 number ? "such " : "");
		status = STATUS_FAILED;
	}
	warden_message_free(jobs);
	return status;
}
