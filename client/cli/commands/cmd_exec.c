/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `warden exec`: a container for one command. It is destroyed in every case: at the end, on a
 * signal, and if the output cannot be written. If this process is killed the container's grace
 * time of 0 ends it, unless --grace-time was given.
 */
#include <config.h>

#include "client/cli/cli.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { REQUEST_CREATE, REQUEST_SPAWN, REQUEST_PUBLISH };

struct exec {
	struct invocation *invocation;
	sigset_t signals;
	int signal_fd;
	int signal;                    /* the first signal received, or 0 */
	struct warden_message *handle; /* the answer to create */
	int output_error;              /* errno of a failed write */
	bool session_ended;            /* and may have left unread data on the connection */
};

/* Blocks signals and reads them from a descriptor instead; a write to a closed pipe fails with
 * EPIPE. */
static int cmd_exec_block_signals(struct exec *exec)
{
	static const int taken[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

	sigemptyset(&exec->signals);
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		sigaddset(&exec->signals, taken[i]);
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || sigprocmask(SIG_BLOCK, &exec->signals, NULL) < 0)
		return -1;
	exec->signal_fd = signalfd(-1, &exec->signals, SFD_CLOEXEC | SFD_NONBLOCK);
	return exec->signal_fd < 0 ? -1 : 0;
}

/* Ends this process by the signal, so that a calling shell sees it. */
static int cmd_exec_raise_signal(const struct exec *exec, int number)
{
	signal(number, SIG_DFL); /* cannot fail for these signals */
	sigprocmask(SIG_UNBLOCK, &exec->signals, NULL);
	raise(number);
	return STATUS_SIGNAL + number; /* if the parent has blocked the signal */
}

static void cmd_exec_read_signal(struct exec *exec)
{
	struct signalfd_siginfo info;

	if (read(exec->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		exec->signal = (int)info.ssi_signo;
}

/* Reads the signal that ended a wait. False: another failure, or the second signal. */
static bool cmd_exec_note_signal(struct exec *exec)
{
	bool first = exec->signal == 0;

	if (warden_client_failure(exec->invocation->client) != WARDEN_FAILURE_WOKEN)
		return false;
	cmd_exec_read_signal(exec);
	return first;
}

/* Calls, and waits for the answer even after the first signal, because the answer says what to
 * destroy. */
static struct warden_message *cmd_exec_call(struct exec *exec, const struct warden_message *request)
{
	struct warden_client *client = exec->invocation->client;
	struct warden_message *answer = warden_client_call(client, request);

	if (!answer && cmd_exec_note_signal(exec) && warden_client_fd(client) >= 0)
		answer = warden_client_receive(client);
	return answer;
}

static const char *cmd_exec_handle(const struct exec *exec, size_t *length)
{
	return warden_message_bytes(exec->handle, "handle", 0, length);
}

static int cmd_exec_create(struct exec *exec)
{
	struct warden_message *request = exec->invocation->requests[REQUEST_CREATE];

	if (warden_message_count(request, "grace_time") == 0 &&
	    warden_message_set_number(request, "grace_time", 0) < 0) {
		complain(exec->invocation, "out of memory");
		return STATUS_FAILED;
	}
	if (request_set_id(exec->invocation, request) < 0)
		return STATUS_FAILED;
	exec->handle = cmd_exec_call(exec, request);
	return exec->handle ? 0 : client_failed(exec->invocation);
}

/* Creates a request with the container's handle, and with a job's number if that is not 0. */
static struct warden_message *cmd_exec_new_request(const struct exec *exec, const char *name,
						   uint64_t job)
{
	size_t length;
	const char *handle = cmd_exec_handle(exec, &length);
	struct warden_message *request =
		request_with_handle(exec->invocation, name, handle, length);

	if (request && job != 0 && warden_message_set_number(request, "job_id", job) < 0) {
		complain(exec->invocation, "out of memory");
		warden_message_free(request);
		return NULL;
	}
	return request;
}

/* Starts the job; returns its number, or 0. */
static uint64_t cmd_exec_spawn(struct exec *exec)
{
	struct warden_message *request = exec->invocation->requests[REQUEST_SPAWN];
	struct warden_message *answer = NULL;
	size_t length;
	const char *handle = cmd_exec_handle(exec, &length);
	uint64_t job = 0;

	if (warden_message_set_bytes(request, "handle", handle, length) < 0)
		complain(exec->invocation, "out of memory");
	else if (request_set_id(exec->invocation, request) == 0)
		answer = cmd_exec_call(exec, request);
	if (answer)
		job = warden_message_number(answer, "job_id", 0);
	else if (exec->signal == 0)
		client_failed(exec->invocation);
	warden_message_free(answer);
	return job;
}

/* Forwards the ports of --publish. */
static int cmd_exec_publish(struct exec *exec)
{
	struct invocation *invocation = exec->invocation;
	struct warden_message *rules = invocation->requests[REQUEST_PUBLISH], *answer;
	size_t length;
	const char *handle = cmd_exec_handle(exec, &length);
	int status;

	if (warden_message_count(rules, "in") == 0)
		return 0;
	status = publish_prepare(invocation, rules, handle, length);
	if (status != 0)
		return status;
	answer = cmd_exec_call(exec, rules);
	if (!answer && exec->signal == 0)
		client_failed(invocation);
	status = answer ? 0 : STATUS_FAILED;
	warden_message_free(answer);
	return status;
}

/* Reports the container's events, such as out of memory: they are why its only job ended early. */
static void cmd_exec_report_events(const struct exec *exec, const struct warden_message *answer)
{
	for (size_t i = 0; i < warden_message_count(answer, "info.events"); i++)
		complain(exec->invocation, "%s",
			 warden_message_bytes(answer, "info.events", i, NULL));
}

/* Reports the end of the job and returns its status; with --json prints the object and returns
 * 0. */
static int cmd_exec_report_end(const struct exec *exec, const struct warden_message *answer)
{
	if (exec->invocation->format)
		return print_answer(exec->invocation, answer);
	if (exec->invocation->json)
		return json_print_with_handle(stdout, answer, cmd_exec_handle(exec, NULL)) < 0
			       ? STATUS_FAILED
			       : 0;
	if (exec->invocation->quiet)
		return job_print_result(exec->invocation, answer);
	if (!job_report_end(exec->invocation, answer))
		cmd_exec_report_events(exec, answer);
	return job_status(answer);
}

/* Reports a failure, except a signal or a closed pipe. */
static int cmd_exec_report_failure(struct exec *exec)
{
	if (exec->output_error && exec->output_error != EPIPE)
		complain(exec->invocation, "write the output: %s", strerror(exec->output_error));
	else if (!exec->output_error && !cmd_exec_note_signal(exec))
		client_failed(exec->invocation);
	return STATUS_FAILED;
}

/* With --json or --format: one answer at the job's end. */
static int cmd_exec_link_job(struct exec *exec, uint64_t job)
{
	struct invocation *invocation = exec->invocation;
	struct warden_message *request = cmd_exec_new_request(exec, "link", job);
	struct warden_message *answer =
		request ? warden_client_call(invocation->client, request) : NULL;
	int status = answer ? cmd_exec_report_end(exec, answer) : cmd_exec_report_failure(exec);

	warden_message_free(answer);
	warden_message_free(request);
	return status;
}

/* Writes the job's output as it is received. */
static int cmd_exec_stream_job(struct exec *exec, uint64_t job)
{
	struct warden_message *request = cmd_exec_new_request(exec, "stream", job);
	struct warden_message *answer =
		request ? warden_client_stream(exec->invocation->client, request, job_output,
					       &exec->output_error)
			: NULL;
	int status = answer ? cmd_exec_report_end(exec, answer) : cmd_exec_report_failure(exec);

	warden_message_free(answer);
	warden_message_free(request);
	return status;
}

static int cmd_exec_print_object(void *data, const struct warden_message *answer)
{
	return cmd_exec_report_end(data, answer);
}

/* With -i or -t: connects the job's streams to those of this process. */
static int cmd_exec_join_job(struct exec *exec, uint64_t job)
{
	const struct warden_message *request = exec->invocation->requests[REQUEST_SPAWN];
	bool is_one = exec->invocation->json || exec->invocation->format || exec->invocation->quiet;
	const struct session_options options = {
		.request = is_one ? "link" : "stream",
		.finish = cmd_exec_print_object,
		.data = exec,
		.input = warden_message_number(request, "stdin", 0) != 0,
		.terminal = warden_message_number(request, "terminal", 0) != 0,
		.replay = true,
		.signal_fd = exec->signal_fd,
	};
	size_t length;
	const char *handle = cmd_exec_handle(exec, &length);
	bool woken;
	int status = job_streams_run(exec->invocation, handle, length, job, &options, &woken);

	if (woken)
		cmd_exec_read_signal(exec);
	exec->session_ended = true;
	return status;
}

/* Follows the job; returns its status, or that of a failure. */
static int cmd_exec_follow_job(struct exec *exec, uint64_t job)
{
	const struct invocation *invocation = exec->invocation;
	const struct warden_message *request = invocation->requests[REQUEST_SPAWN];

	if (warden_message_number(request, "stdin", 0) ||
	    warden_message_number(request, "terminal", 0))
		return cmd_exec_join_job(exec, job);
	if (invocation->json || invocation->format || invocation->quiet)
		return cmd_exec_link_job(exec, job);
	return cmd_exec_stream_job(exec, job);
}

/* Repeats the request if the daemon restarts. A handle that is unknown to the next daemon was
 * destroyed by the last one. */
static int cmd_exec_call_destroy(struct exec *exec, const struct warden_message *request)
{
	struct warden_client *client = exec->invocation->client;
	struct warden_message *answer = cmd_exec_call(exec, request);
	bool repeated = false, destroyed = answer != NULL;

	while (!answer && warden_client_is_interrupted(client) &&
	       warden_client_reconnect(client) == 0) {
		repeated = true;
		answer = cmd_exec_call(exec, request);
		destroyed = answer != NULL;
	}
	if (!destroyed && repeated && warden_client_failure(client) == WARDEN_FAILURE_REFUSED)
		destroyed = strcmp(warden_client_error(client), "unknown handle") == 0;
	warden_message_free(answer);
	return destroyed ? 0 : client_failed(exec->invocation);
}

/* Destroys the container, over another connection if the first one is busy with the job. */
static int cmd_exec_destroy(struct exec *exec, bool busy)
{
	struct invocation *invocation = exec->invocation;
	struct warden_client *first = invocation->client, *another = NULL;
	struct warden_message *request = cmd_exec_new_request(exec, "destroy", 0);
	int status = request ? 0 : STATUS_FAILED;

	if (request && (busy || warden_client_fd(first) < 0)) {
		status = client_open_another(invocation, &another);
		invocation->client = another;
	}
	if (status == 0) {
		warden_client_set_wake_fd(invocation->client, exec->signal_fd);
		status = cmd_exec_call_destroy(exec, request);
		warden_client_set_wake_fd(invocation->client, -1);
	}
	warden_message_free(request);
	invocation->client = first;
	warden_client_free(another);
	return status;
}

static int cmd_exec_run_container(struct exec *exec)
{
	uint64_t job = 0;
	bool busy;
	int status = cmd_exec_create(exec), destroyed;

	if (status != 0)
		return status;
	status = STATUS_FAILED;
	if (exec->signal == 0 && cmd_exec_publish(exec) == 0 && exec->signal == 0)
		job = cmd_exec_spawn(exec);
	if (job != 0 && exec->signal == 0)
		status = cmd_exec_follow_job(exec, job);
	busy = exec->signal != 0 || exec->output_error != 0 || exec->session_ended;
	destroyed = cmd_exec_destroy(exec, busy);
	return destroyed != 0 ? destroyed : status;
}

/* docker's `exec CONTAINER COMMAND` is another thing here: if the first word is the handle of a
 * container and no `--` stands before it, it may mean both. */
static int cmd_exec_check_word(struct invocation *invocation)
{
	const char *word = invocation->n_words > 0 ? invocation->words[0] : NULL;
	struct warden_message *list;
	bool is_handle;

	if (!word || invocation->has_dashes)
		return 0;
	list = call_list(invocation);
	if (!list)
		return client_failed(invocation);
	is_handle = list_has(list, word);
	warden_message_free(list);
	if (!is_handle)
		return 0;
	return usage_error(invocation,
			   "there is a container %s: `warden run %s -- COMMAND` runs a command in "
			   "it, `warden exec -- %s ...` runs %s in a new one",
			   word, word, word, word);
}

/* Prepares all that needs no container. */
static int cmd_exec_prepare(struct invocation *invocation)
{
	struct warden_message *spawn = invocation->requests[REQUEST_SPAWN];
	const struct session_options options = {
		.input = warden_message_number(spawn, "stdin", 0) != 0,
		.terminal = warden_message_number(spawn, "terminal", 0) != 0,
	};
	int status = job_streams_check_terminal(invocation, &options);

	if (status == 0)
		status = set_script_words(invocation, spawn);
	if (status != 0)
		return status;
	job_streams_set_size(spawn);
	status = client_open(invocation);
	return status != 0 ? status : cmd_exec_check_word(invocation);
}

int cmd_exec(struct invocation *invocation)
{
	struct exec exec = {.invocation = invocation, .signal_fd = -1};
	int status = cmd_exec_prepare(invocation);

	if (status != 0)
		return status;
	if (cmd_exec_block_signals(&exec) < 0) {
		complain(invocation, "take over signals: %s", strerror(errno));
		return STATUS_FAILED;
	}
	warden_client_set_wake_fd(invocation->client, exec.signal_fd);
	status = cmd_exec_run_container(&exec);
	warden_message_free(exec.handle);
	close(exec.signal_fd);
	if (exec.signal != 0)
		return cmd_exec_raise_signal(&exec, exec.signal);
	return exec.output_error == EPIPE ? cmd_exec_raise_signal(&exec, SIGPIPE) : status;
}
