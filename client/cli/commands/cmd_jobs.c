/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that end with a job's output, unchanged, and its exit status. */
#include <config.h>

#include "client/cli/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { INTERRUPT_TIMEOUT = 5000 }; /* milliseconds */

static bool cmd_jobs_has_reason(const struct warden_message *answer, const char *reason)
{
	const char *name = warden_message_choice(answer, "end.reason", 0);

	return name && strcmp(name, reason) == 0;
}

int job_status(const struct warden_message *answer)
{
	uint64_t number = warden_message_number(answer, "end.signal", 0);
	const char *error = warden_message_bytes(answer, "end.start_error", 0, NULL);

	if (cmd_jobs_has_reason(answer, "START_FAILED"))
		return start_status(error ? error : "");
	if (number > 0)
		return STATUS_SIGNAL + (int)(number & 0x7f);
	/* It ended just before the KILL of the limit that it reached, which counts all the same. */
	if (cmd_jobs_has_reason(answer, "OUTPUT") || cmd_jobs_has_reason(answer, "WALL_TIME") ||
	    cmd_jobs_has_reason(answer, "CPU_TIME"))
		return STATUS_SIGNAL + SIGKILL;
	/* With the reason MEMORY, too: the kernel may have killed another process of the job. */
	if (warden_message_count(answer, "exit_status") > 0)
		return (int)(warden_message_number(answer, "exit_status", 0) & 0xff);
	return cmd_jobs_has_reason(answer, "MEMORY") ? STATUS_SIGNAL + SIGKILL : STATUS_UNKNOWN;
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

int job_print_result(const struct invocation *invocation, const struct warden_message *answer)
{
	static const char *const names[] = {"stdout", "stderr"};
	int number;

	for (size_t i = 0; i < 2; i++) {
		size_t length;
		const char *bytes = warden_message_bytes(answer, names[i], 0, &length);

		if (bytes && job_output(&number, names[i], bytes, length) < 0)
			return cmd_jobs_output_failed(invocation, number);
	}
	if (!invocation->quiet)
		job_report_end(invocation, answer);
	return job_status(answer);
}

/* How SIGINT reaches the job of `run`. */
struct cmd_jobs_run {
	struct invocation *invocation;
	uint64_t job;
	int signal_fd; /* -1: SIGINT keeps its action */
	bool sent;     /* the daemon has answered the first one */
	bool left;     /* a second one ends this command */
};

/* From now on SIGINT makes `signal_fd` readable. */
static void cmd_jobs_block_interrupt(struct cmd_jobs_run *run)
{
	struct sigaction action;
	sigset_t set;

	run->signal_fd = -1;
	/* A shell ignores SIGINT for background processes. */
	if (sigaction(SIGINT, NULL, &action) < 0 || action.sa_handler == SIG_IGN)
		return;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	run->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (run->signal_fd >= 0)
		sigprocmask(SIG_BLOCK, &set, NULL); /* cannot fail for this one */
}

/* Gives SIGINT its action again; true for `raise`: and lets it end this process, so that a calling
 * shell sees it. */
static void cmd_jobs_unblock_interrupt(const struct cmd_jobs_run *run, bool raises)
{
	sigset_t set;

	if (run->signal_fd < 0)
		return;
	close(run->signal_fd);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	if (raises)
		raise(SIGINT); /* pending until it is unblocked */
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* Sends SIGINT to the job, over a connection of its own. The daemon refuses it if the job has just
 * ended. Returns 0 if the daemon has answered. */
static int cmd_jobs_send_interrupt(const struct cmd_jobs_run *run)
{
	struct invocation *invocation = run->invocation;
	struct warden_client *first = invocation->client, *another = NULL;
	size_t length;
	const char *handle = invocation_handle(invocation, &length);
	struct warden_message *request =
		request_with_handle(invocation, "job_signal", handle, length);
	struct warden_message *answer = NULL;
	int result = -1;

	if (request && warden_message_set_number(request, "job_id", run->job) == 0 &&
	    warden_message_set_number(request, "signal", SIGINT) == 0 &&
	    client_open_another(invocation, &another) == 0) {
		warden_client_set_timeout(another, INTERRUPT_TIMEOUT);
		answer = warden_client_call(another, request);
		if (answer || warden_client_failure(another) == WARDEN_FAILURE_REFUSED)
			result = 0;
		if (answer)
			complain(invocation,
				 "SIGINT was sent to job %" PRIu64
				 "; a second one leaves it running",
				 run->job);
		else if (result == 0)
			complain(invocation, "SIGINT was not sent: %s",
				 warden_client_error(another));
	}
	warden_message_free(answer);
	warden_message_free(request);
	invocation->client = first;
	warden_client_free(another);
	return result;
}

static void cmd_jobs_read_signals(const struct cmd_jobs_run *run)
{
	struct signalfd_siginfo info;

	while (read(run->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		;
}

/* The first SIGINT goes to the job, whose end is awaited; the second one leaves it. */
static bool cmd_jobs_on_interrupt(void *data)
{
	struct cmd_jobs_run *run = data;
	const char *handle = invocation_handle(run->invocation, NULL);

	cmd_jobs_read_signals(run);
	if (!run->sent && cmd_jobs_send_interrupt(run) == 0) {
		run->sent = true;
		return true;
	}
	run->left = true;
	complain(run->invocation,
		 "the job goes on: `warden attach %s %" PRIu64
		 "` follows it, `warden kill %s %" PRIu64 "` ends it",
		 handle, run->job, handle, run->job);
	return false;
}

/* Waits for the answer also after a first SIGINT, because it says which job that is for. It is
 * pending again then. */
static struct warden_message *cmd_jobs_call(const struct cmd_jobs_run *run,
					    const struct warden_message *request)
{
	struct warden_client *client = run->invocation->client;
	struct warden_message *answer;

	warden_client_set_wake_fd(client, run->signal_fd);
	answer = warden_client_call(client, request);
	if (!answer && warden_client_failure(client) == WARDEN_FAILURE_WOKEN &&
	    warden_client_fd(client) >= 0) {
		cmd_jobs_read_signals(run);
		answer = warden_client_receive(client);
		if (!answer && warden_client_is_interrupted(client))
			answer = warden_client_call(client, request);
		raise(SIGINT); /* blocked */
	}
	warden_client_set_wake_fd(client, -1);
	return answer;
}

/* A container's handle stands here where docker's users write an image. */
static void cmd_jobs_explain_handle(const struct invocation *invocation)
{
	if (strcmp(warden_client_error(invocation->client), "unknown handle") != 0)
		return;
	complain(invocation,
		 "there is no container %s, and there are no images: `warden create NAME` makes a "
		 "container, with --rootfs DIR from an image that `warden-rootfs` has unpacked",
		 invocation_handle(invocation, NULL));
}

/* Starts the job of a run request; returns its number, or 0. */
static uint64_t cmd_jobs_spawn(const struct cmd_jobs_run *run)
{
	struct invocation *invocation = run->invocation;
	struct warden_message *request = warden_message_copy(invocation->requests[0], "spawn");
	struct warden_message *answer = request ? cmd_jobs_call(run, request) : NULL;
	uint64_t job = answer ? warden_message_number(answer, "job_id", 0) : 0;

	if (!request)
		complain(invocation, "out of memory");
	else if (!answer && warden_client_failure(invocation->client) != WARDEN_FAILURE_WOKEN) {
		client_failed(invocation);
		cmd_jobs_explain_handle(invocation);
	}
	if (job && invocation->detach) {
		if (!invocation->json && !invocation->format)
			print_job_id(answer);
		else if (print_answer(invocation, answer) != 0)
			job = 0;
	}
	warden_message_free(answer);
	warden_message_free(request);
	return job;
}

/* With --json, --format and --quiet the whole output comes at the end. */
static int cmd_jobs_finish_run(void *data, const struct warden_message *answer)
{
	const struct cmd_jobs_run *run = data;

	return run->invocation->json || run->invocation->format
		       ? print_answer(run->invocation, answer)
		       : job_print_result(run->invocation, answer);
}

int cmd_run(struct invocation *invocation)
{
	const struct warden_message *request = invocation->requests[0];
	bool is_one = invocation->json || invocation->format || invocation->quiet;
	struct cmd_jobs_run run = {.invocation = invocation};
	struct session_options options = {
		.request = is_one ? "link" : "stream",
		.finish = is_one ? cmd_jobs_finish_run : NULL,
		.interrupted = cmd_jobs_on_interrupt,
		.data = &run,
		.input = warden_message_number(request, "stdin", 0) != 0,
		.terminal = warden_message_number(request, "terminal", 0) != 0,
		.replay = true,
	};
	int status = job_streams_check_terminal(invocation, &options);
	size_t length;
	const char *handle;
	bool woken;

	if (status == 0)
		status = call_prepare(invocation);
	if (status != 0)
		return status;
	handle = invocation_handle(invocation, &length);
	cmd_jobs_block_interrupt(&run);
	run.job = cmd_jobs_spawn(&run);
	if (!run.job || invocation->detach) {
		fflush(stdout); /* main checks the stream's error; a pending SIGINT ends this
				   process now */
		cmd_jobs_unblock_interrupt(&run, false);
		return run.job ? 0 : STATUS_FAILED;
	}
	options.signal_fd = run.signal_fd;
	status = job_streams_run(invocation, handle, length, run.job, &options, &woken);
	cmd_jobs_unblock_interrupt(&run,
				   run.left || (run.sent && status == STATUS_SIGNAL + SIGINT));
	return status;
}

int cmd_link(struct invocation *invocation)
{
	struct warden_message *answer;
	int status = call_prepare(invocation);

	if (status != 0)
		return status;
	answer = warden_client_call(invocation->client, invocation->requests[0]);
	if (!answer)
		return client_failed(invocation);
	status = invocation->json || invocation->format ? print_answer(invocation, answer)
							: job_print_result(invocation, answer);
	warden_message_free(answer);
	return status;
}

/* Finds the only job that runs; 0 after an error message. */
static uint64_t cmd_jobs_find_running(struct invocation *invocation)
{
	size_t length, running = 0;
	const char *handle = invocation_handle(invocation, &length);
	struct warden_message *request = request_with_handle(invocation, "jobs", handle, length);
	struct warden_message *jobs =
		request ? warden_client_call(invocation->client, request) : NULL;
	uint64_t found = 0;

	if (request && !jobs)
		client_failed(invocation);
	for (size_t i = 0; jobs && i < warden_message_count(jobs, "jobs"); i++) {
		const struct warden_message *job = warden_message_child(jobs, "jobs", i);

		if (!warden_message_number(job, "running", 0))
			continue;
		found = warden_message_number(job, "job_id", 0);
		running++;
	}
	if (jobs && running != 1)
		complain(invocation, "%zu jobs run in %s; `warden jobs %s` shows their numbers",
			 running, handle, handle);
	warden_message_free(jobs);
	warden_message_free(request);
	return running == 1 ? found : 0;
}

/* Follows the job that the request names, or else the only one that runs. */
static int cmd_jobs_follow(struct invocation *invocation, const struct session_options *options)
{
	const struct warden_message *request = invocation->requests[0];
	size_t length, index;
	bool named = command_find_option(invocation->command, "job-id", 6, &index) &&
		     invocation->seen[index];
	bool woken;
	const char *handle = invocation_handle(invocation, &length);
	uint64_t job = warden_message_number(request, "job_id", 0);
	int status = client_open(invocation);

	if (status == 0 && !named) {
		job = cmd_jobs_find_running(invocation);
		status = job ? 0 : STATUS_FAILED;
	}
	return status != 0 ? status
			   : job_streams_run(invocation, handle, length, job, options, &woken);
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

	int status = job_streams_check_terminal(invocation, &options);

	return status != 0 ? status : cmd_jobs_follow(invocation, &options);
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
