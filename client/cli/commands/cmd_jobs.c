/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that end with a job's output, unchanged, and its exit status. */
#include <config.h>

#include "client/cli/cli.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static bool cmd_jobs_has_reason(const struct warden_message *answer, const char *reason)
{
	const char *name = warden_message_choice(answer, "end.reason", 0);

	return name && strcmp(name, reason) == 0;
}

int job_status(const struct invocation *invocation, const struct warden_message *answer)
{
	/* A command line that cannot be executed has the same status as in a shell. */
	if (invocation->n_words > 0 && cmd_jobs_has_reason(answer, "START_FAILED"))
		return STATUS_NOT_STARTED;
	if (warden_message_count(answer, "exit_status") == 0)
		return STATUS_UNKNOWN;
	return (int)(warden_message_number(answer, "exit_status", 0) & 0xff);
}

static bool cmd_jobs_report_dropped(const struct invocation *invocation,
				    const struct warden_message *answer, const char *name)
{
	char field[64];
	uint64_t dropped;

	snprintf(field, sizeof(field), "end.%s_dropped", name);
	dropped = warden_message_number(answer, field, 0);
	if (dropped > 0)
		complain(invocation, "%s lacks %llu bytes, which were over the limit", name,
			 (unsigned long long)dropped);
	return dropped > 0;
}

/* The exit status does not say which signal it was. */
static void cmd_jobs_report_signal(const struct invocation *invocation, int number)
{
	const char *name = sigabbrev_np(number);

	if (name)
		complain(invocation, "SIG%s ended it", name);
	else
		complain(invocation, "signal %d ended it", number);
}

static bool cmd_jobs_report_reason(const struct invocation *invocation,
				   const struct warden_message *answer)
{
	static const struct {
		const char *reason, *text;
	} texts[] = {
		{"WALL_TIME", "its time is over"},
		{"CPU_TIME", "its cpu time is used up"},
		{"MEMORY", "its memory is used up"},
		{"OUTPUT", "its output is over the limit"},
		{"STOPPED", "it was stopped with its container"},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (cmd_jobs_has_reason(answer, texts[i].reason)) {
			/* Output may also be over because it cannot be stored. */
			complain(invocation, "%s",
				 warden_message_bytes(answer, "end.start_error", 0, NULL)
					 ?: texts[i].text);
			/* The container's events say why it was stopped. */
			return strcmp(texts[i].reason, "STOPPED") != 0;
		}
	if (cmd_jobs_has_reason(answer, "START_FAILED"))
		complain(invocation, "%s",
			 warden_message_bytes(answer, "end.start_error", 0, NULL));
	else if (cmd_jobs_has_reason(answer, "SIGNAL"))
		cmd_jobs_report_signal(invocation,
				       (int)warden_message_number(answer, "end.signal", 0));
	else
		return false;
	return true;
}

bool job_report_end(const struct invocation *invocation, const struct warden_message *answer)
{
	bool told = cmd_jobs_report_reason(invocation, answer);

	told = cmd_jobs_report_dropped(invocation, answer, "stdout") || told;
	return cmd_jobs_report_dropped(invocation, answer, "stderr") || told;
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

static int cmd_jobs_output_failed(const struct invocation *invocation, int number)
{
	complain(invocation, "write the output: %s", strerror(number));
	return STATUS_FAILED;
}

static int cmd_jobs_print_result(const struct invocation *invocation,
				 const struct warden_message *answer)
{
	static const char *const names[] = {"stdout", "stderr"};
	int number;

	for (size_t i = 0; i < 2; i++) {
		size_t length;
		const char *bytes = warden_message_bytes(answer, names[i], 0, &length);

		if (bytes && job_output(&number, names[i], bytes, length) < 0)
			return cmd_jobs_output_failed(invocation, number);
	}
	job_report_end(invocation, answer);
	return job_status(invocation, answer);
}

/* Until cmd_jobs_unblock_interrupt SIGINT makes the returned descriptor readable. -1: SIGINT
 * keeps its action. */
static int cmd_jobs_block_interrupt(void)
{
	struct sigaction action;
	sigset_t set;
	int fd;

	/* A shell ignores SIGINT for background processes. */
	if (sigaction(SIGINT, NULL, &action) < 0 || action.sa_handler == SIG_IGN)
		return -1;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd >= 0)
		sigprocmask(SIG_BLOCK, &set, NULL); /* cannot fail for this one */
	return fd;
}

/* Unblocks SIGINT. A pending one ends this process, so that a calling shell sees it. */
static void cmd_jobs_unblock_interrupt(const struct invocation *invocation, int fd, bool woken)
{
	const char *handle = invocation_handle(invocation, NULL);
	sigset_t set;

	if (fd < 0)
		return;
	/* The job does not receive the signal. */
	if (woken)
		complain(invocation,
			 "the job goes on: `warden jobs %s` shows its number, `warden attach %s "
			 "JOB` follows it, `warden job-signal %s JOB` ends it",
			 handle, handle, handle);
	close(fd);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* Starts the job of a run request; returns its number, or 0. */
static uint64_t cmd_jobs_spawn(struct invocation *invocation)
{
	struct warden_message *request = warden_message_copy(invocation->requests[0], "spawn");
	struct warden_message *answer =
		request ? warden_client_call(invocation->client, request) : NULL;
	uint64_t job = answer ? warden_message_number(answer, "job_id", 0) : 0;

	if (!request)
		complain(invocation, "out of memory");
	else if (!answer)
		client_failed(invocation);
	warden_message_free(answer);
	warden_message_free(request);
	return job;
}

static int cmd_jobs_print_object(void *data, const struct warden_message *answer)
{
	return print_answer(data, answer);
}

/* With -i or -t: spawn, then a session. --json and --format print the whole output at the end,
 * as without -i and -t. */
static int cmd_jobs_run_session(struct invocation *invocation)
{
	const struct warden_message *request = invocation->requests[0];
	bool is_one = invocation->json || invocation->format;
	struct session_options options = {
		.request = is_one ? "link" : "stream",
		.finish = is_one ? cmd_jobs_print_object : NULL,
		.data = invocation,
		.input = warden_message_number(request, "stdin", 0) != 0,
		.terminal = warden_message_number(request, "terminal", 0) != 0,
		.replay = true,
	};
	uint64_t job = cmd_jobs_spawn(invocation);
	size_t length;
	const char *handle = invocation_handle(invocation, &length);
	bool woken;
	int status;

	if (!job)
		return STATUS_FAILED;
	options.signal_fd = cmd_jobs_block_interrupt();
	status = job_streams_run(invocation, handle, length, job, &options, &woken);
	cmd_jobs_unblock_interrupt(invocation, options.signal_fd, woken);
	return status;
}

/* Without -i and -t: one request, answered at the job's end. */
static int cmd_jobs_run_request(struct invocation *invocation)
{
	int fd = cmd_jobs_block_interrupt();
	struct warden_message *answer;
	int status;

	warden_client_set_wake_fd(invocation->client, fd);
	answer = warden_client_call(invocation->client, invocation->requests[0]);
	warden_client_set_wake_fd(invocation->client, -1);
	cmd_jobs_unblock_interrupt(
		invocation, fd, warden_client_failure(invocation->client) == WARDEN_FAILURE_WOKEN);
	if (!answer)
		return client_failed(invocation);
	status = invocation->json || invocation->format ? print_answer(invocation, answer)
							: cmd_jobs_print_result(invocation, answer);
	warden_message_free(answer);
	return status;
}

int cmd_job(struct invocation *invocation)
{
	const struct warden_message *request = invocation->requests[0];
	int status = call_prepare(invocation);

	if (status != 0)
		return status;
	if (warden_message_number(request, "stdin", 0) ||
	    warden_message_number(request, "terminal", 0))
		return cmd_jobs_run_session(invocation);
	return cmd_jobs_run_request(invocation);
}

static int cmd_jobs_follow(struct invocation *invocation, const struct session_options *options)
{
	const struct warden_message *request = invocation->requests[0];
	size_t length;
	const char *handle = invocation_handle(invocation, &length);
	bool woken;
	int status = client_open(invocation);

	return status != 0 ? status
			   : job_streams_run(invocation, handle, length,
					     warden_message_number(request, "job_id", 0), options,
					     &woken);
}

int cmd_stream(struct invocation *invocation)
{
	const struct warden_message *request = invocation->requests[0];
	const struct session_options options = {
		.request = "stream",
		.replay = true,
		.from = {warden_message_number(request, "stdout_offset", 0),
			 warden_message_number(request, "stderr_offset", 0)},
		.signal_fd = -1,
	};

	return cmd_jobs_follow(invocation, &options);
}

int cmd_attach(struct invocation *invocation)
{
	const struct warden_message *request = invocation->requests[0];
	const struct session_options options = {
		.request = "attach",
		.input = invocation->attach_input,
		.terminal = invocation->attach_terminal,
		.replay = warden_message_count(request, "replay") == 0 ||
			  warden_message_number(request, "replay", 0) != 0,
		.from = {warden_message_number(request, "stdout_offset", 0),
			 warden_message_number(request, "stderr_offset", 0)},
		.signal_fd = -1,
	};

	return cmd_jobs_follow(invocation, &options);
}

int cmd_spawn_pair(struct invocation *invocation)
{
	struct warden_message *second = warden_message_add(invocation->requests[0], "second");
	struct warden_message *answer;
	int status;

	if (!invocation->second)
		return usage_error(invocation, "needs two jobs with " PAIR_DIVIDER " between them");
	status = second ? set_script_words(invocation, second) : STATUS_FAILED;
	if (status == 0)
		status = client_open(invocation);
	if (status != 0)
		return status;
	answer = warden_client_call(invocation->client, invocation->requests[0]);
	if (!answer)
		return client_failed(invocation);
	status = print_answer(invocation, answer);
	warden_message_free(answer);
	return status;
}
