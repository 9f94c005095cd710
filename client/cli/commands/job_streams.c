/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connects a job's streams to those of this process: its output is printed as it is received,
 * and this process's standard input goes to the job. Output has one connection, input and window
 * sizes have another one, so that neither waits for the other. When the daemon restarts, both are
 * made again and the output goes on at the byte where it broke.
 */
#include <config.h>

#include "client/cli/cli.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

enum {
	CHUNK = 256 * 1024, /* bytes of input */
	IN_FLIGHT = 4,      /* chunks that were sent and not answered yet */
	CONTROL_P = 16,
	CONTROL_Q = 17,
};

/* A part of the input; without bytes it is the end. */
struct input_chunk {
	char *bytes;
	size_t length;
};

struct job_streams {
	struct invocation *invocation;
	const struct session_options *options;
	struct warden_client *output, *input;
	const char *handle;
	size_t handle_length;
	uint64_t job;
	char *buffer;
	struct input_chunk sent[IN_FLIGHT]; /* and not answered, oldest first */
	size_t in_flight;
	bool input_broken, output_broken; /* their connections have to be made again */
	bool input_is_sure;               /* the job has nothing of what is in `sent` */
	bool input_ended;                 /* no more input is read */
	uint64_t had[2];                  /* bytes of stdout and stderr that were printed */
	uint64_t counted[2]; /* in this connection, for a daemon that reports no offsets */
	bool control_p;      /* Control-P was the last key */
	bool over, left, failed;
	int output_error; /* errno of a failed write */
	int status;
	int winch_fd; /* readable if the window's size changed */
	sigset_t old_signals;
	bool is_raw;
	struct termios cooked;
};

/* Reads the size of this process's terminal; false: no terminal. */
static bool job_streams_read_size(struct winsize *size)
{
	for (int fd = 0; fd < 3; fd++)
		if (ioctl(fd, TIOCGWINSZ, size) == 0 && size->ws_row > 0 && size->ws_col > 0)
			return true;
	return false;
}

int job_streams_check_terminal(const struct invocation *invocation,
			       const struct session_options *options)
{
	if (!options->input || !options->terminal || isatty(STDIN_FILENO))
		return 0;
	return usage_error(invocation, "-it needs a terminal on standard input; -i alone sends "
				       "the input to the job");
}

void job_streams_set_size(struct warden_message *request)
{
	struct winsize size;

	if (!warden_message_number(request, "terminal", 0) || !job_streams_read_size(&size))
		return;
	/* If there is no memory the job has the default size. */
	if (warden_message_count(request, "rows") == 0)
		(void)warden_message_set_number(request, "rows", size.ws_row);
	if (warden_message_count(request, "columns") == 0)
		(void)warden_message_set_number(request, "columns", size.ws_col);
}

static struct warden_message *job_streams_new_request(const struct job_streams *session,
						      const char *name)
{
	struct warden_message *request = request_with_handle(
		session->invocation, name, session->handle, session->handle_length);

	if (request && warden_message_set_number(request, "job_id", session->job) < 0) {
		warden_message_free(request);
		request = NULL;
	}
	return request;
}

static int job_streams_fail(struct job_streams *session, const struct warden_client *client)
{
	if (!session->failed)
		complain(session->invocation, "%s", warden_client_error(client));
	session->failed = true;
	return -1;
}

/* Notes a piece of output; returns how many bytes of it were printed before the daemon restarted. A
 * daemon that reports no offsets sends all output again. */
static size_t job_streams_count(struct job_streams *session, const struct warden_message *answer,
				const char *name, size_t length)
{
	int i = strcmp(name, "stderr") == 0;
	uint64_t at = session->counted[i], had = session->had[i];

	if (warden_message_count(answer, "offset") > 0)
		at = warden_message_number(answer, "offset", 0);
	session->counted[i] = at + length;
	if (at + length > had)
		session->had[i] = at + length;
	if (at >= had)
		return 0;
	return had - at < length ? (size_t)(had - at) : length;
}

/* Gives output that was counted to the function that takes it. */
static void job_streams_give_output(const struct job_streams *session, const char *name,
				    const char *bytes, size_t length)
{
	uint64_t had = session->had[strcmp(name, "stderr") == 0];

	session->options->output(session->options->data, name, bytes, length, had - length);
}

/* With --json or --format prints the answer; else writes the output to the same stream as the job.
 * `skip` bytes were printed before. */
static void job_streams_print_output(struct job_streams *session,
				     const struct warden_message *answer, size_t skip)
{
	struct invocation *invocation = session->invocation;
	const char *name = warden_message_bytes(answer, "name", 0, NULL);
	size_t length;
	const char *bytes = warden_message_bytes(answer, "data", 0, &length);

	if (skip > 0 && skip == length)
		return;
	if (session->options->output) {
		if (name && bytes)
			job_streams_give_output(session, name, bytes + skip, length - skip);
	} else if (invocation->json || invocation->format) {
		if (skip > 0) {
			complain(invocation, "the daemon sends output again that was printed");
			session->failed = true;
		}
		session->failed = session->failed || print_answer_now(invocation, answer) != 0;
	} else if (name && bytes && !session->output_error) {
		(void)job_output(&session->output_error, name, bytes + skip, length - skip);
	}
}

/* Counts and prints an answer; the session is left at the offsets of `until`. */
static void job_streams_take_output(struct job_streams *session,
				    const struct warden_message *answer)
{
	const struct session_options *options = session->options;
	const char *name = warden_message_bytes(answer, "name", 0, NULL);
	size_t length;
	const char *bytes = warden_message_bytes(answer, "data", 0, &length);
	size_t skip = name && bytes ? job_streams_count(session, answer, name, length) : 0;

	job_streams_print_output(session, answer, skip);
	if (options->has_until && session->had[0] >= options->until[0] &&
	    session->had[1] >= options->until[1])
		session->left = true;
}

static void job_streams_make_cooked(struct job_streams *session)
{
	if (session->is_raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &session->cooked); /* a failure has no remedy */
	session->is_raw = false;
}

static void job_streams_on_output(void *data, uint64_t id, const struct warden_message *answer,
				  bool last)
{
	struct job_streams *session = data;

	(void)id;
	if (!answer) {
		session->output_broken = warden_client_is_interrupted(session->output);
		if (!session->output_broken)
			job_streams_fail(session, session->output);
		return;
	}
	if (!last || !session->options->finish)
		job_streams_take_output(session, answer);
	if (!last)
		return;
	job_streams_make_cooked(session); /* before the messages about the end */
	if (session->options->finish) {
		session->over = true;
		session->status = session->options->finish(session->options->data, answer);
		return;
	}
	session->over = true;
	if (session->invocation->json || session->invocation->format) {
		session->status = 0;
		return;
	}
	job_report_end(session->invocation, answer);
	session->status = job_status(answer);
}

/* Forgets the first bytes of the oldest chunk, and the chunk if none are left. */
static void job_streams_drop_sent(struct job_streams *session, size_t length)
{
	struct input_chunk *first = &session->sent[0];

	first->length -= length;
	if (first->length > 0) {
		memmove(first->bytes, first->bytes + length, first->length);
		return;
	}
	free(first->bytes);
	session->in_flight--;
	memmove(first, first + 1, session->in_flight * sizeof(*first));
}

/* Forgets what the job has of the oldest chunk. The end has no bytes and is sent again. */
static void job_streams_drop_accepted(struct job_streams *session, uint64_t accepted)
{
	struct input_chunk *first = &session->sent[0];

	if (first->length > 0)
		job_streams_drop_sent(session, accepted < first->length ? accepted : first->length);
}

/* A job that has ended refuses input; its end is reported by the other connection. */
static void job_streams_on_input(void *data, uint64_t id, const struct warden_message *answer,
				 bool last)
{
	struct job_streams *session = data;

	(void)id;
	(void)last;
	if (!answer && warden_client_is_interrupted(session->input)) {
		/* It stays in `sent`. What was refused did not begin, nor did what is behind it. */
		session->input_is_sure |=
			warden_client_failure(session->input) == WARDEN_FAILURE_REFUSED;
		session->input_broken = warden_client_pending(session->input) == 0;
		return;
	}
	if (answer && session->input_is_sure) {
		/* The container was reached again in between. */
		complain(session->invocation, "the job lacks a part of the input; it goes on");
		session->failed = true;
		return;
	}
	if (answer && warden_message_count(answer, "accepted") > 0) {
		/* The daemon ends and executes no request behind this one. */
		session->input_is_sure = true;
		job_streams_drop_accepted(session, warden_message_number(answer, "accepted", 0));
		return;
	}
	job_streams_drop_sent(session, session->sent[0].length);
	if (!answer)
		session->input_ended = true;
}

static void job_streams_on_resize(void *data, uint64_t id, const struct warden_message *answer,
				  bool last)
{
	struct job_streams *session = data;

	/* A refusal is no error: the job may have no terminal, or may have ended. If input before
	 * it was refused this was the last to wait for. */
	(void)id;
	(void)last;
	if (!answer && session->input_is_sure && warden_client_pending(session->input) == 0)
		session->input_broken = true;
}

static int job_streams_submit_chunk(struct job_streams *session, const struct input_chunk *chunk)
{
	struct warden_message *request = job_streams_new_request(session, "job_input");
	int result = -1;

	if (request &&
	    (chunk->length > 0
		     ? warden_message_set_bytes(request, "data", chunk->bytes, chunk->length)
		     : warden_message_set_number(request, "end", 1)) == 0 &&
	    warden_message_set_number(request, "partial", 1) == 0 &&
	    warden_client_submit(session->input, request, job_streams_on_input, session) != 0)
		result = 0;
	warden_message_free(request);
	return result;
}

/* Sends a part of the buffer; 0 bytes: the end. Keeps it until the daemon has confirmed it. */
static int job_streams_submit_input(struct job_streams *session, size_t length)
{
	struct input_chunk *chunk = &session->sent[session->in_flight];

	*chunk = (struct input_chunk){malloc(length + 1), length};
	if (!chunk->bytes)
		return -1;
	memcpy(chunk->bytes, session->buffer, length);
	session->in_flight++;
	return job_streams_submit_chunk(session, chunk);
}

/* Finds the keys that leave the session, Control-P Control-Q; returns the offset of the second
 * one, or the length. */
static size_t job_streams_find_leave_keys(struct job_streams *session, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (session->control_p && session->buffer[i] == CONTROL_Q) {
			session->left = true;
			return i;
		}
		session->control_p = session->buffer[i] == CONTROL_P;
	}
	return length;
}

static int job_streams_read_input(struct job_streams *session)
{
	ssize_t got = read(STDIN_FILENO, session->buffer, CHUNK);

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (got <= 0) {
		session->input_ended = true;
		return job_streams_submit_input(session, 0);
	}
	if (session->is_raw)
		got = (ssize_t)job_streams_find_leave_keys(session, (size_t)got);
	return got > 0 ? job_streams_submit_input(session, (size_t)got) : 0;
}

static int job_streams_send_size(struct job_streams *session)
{
	struct signalfd_siginfo info;
	struct warden_message *request = job_streams_new_request(session, "job_resize");
	struct winsize size;
	int result = request ? 0 : -1;

	while (read(session->winch_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		;
	if (request && job_streams_read_size(&size) &&
	    warden_message_set_number(request, "rows", size.ws_row) == 0 &&
	    warden_message_set_number(request, "columns", size.ws_col) == 0 &&
	    warden_client_submit(session->input, request, job_streams_on_resize, session) == 0)
		result = -1;
	warden_message_free(request);
	return result;
}

/* Makes the terminal raw, so that every key goes to the job. */
static void job_streams_make_raw(struct job_streams *session)
{
	struct termios raw;

	if (!session->options->terminal || !session->options->input ||
	    tcgetattr(STDIN_FILENO, &session->cooked) < 0)
		return;
	raw = session->cooked;
	cfmakeraw(&raw);
	session->is_raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

static int job_streams_watch_window(struct job_streams *session)
{
	sigset_t set;

	session->winch_fd = -1;
	if (!session->options->terminal)
		return 0;
	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	if (sigprocmask(SIG_BLOCK, &set, &session->old_signals) < 0)
		return -1;
	session->winch_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return session->winch_fd < 0 ? -1 : 0;
}

/* Without replay, the output begins behind what there is now: asks for that, since a later request
 * has to name it. If this fails, the request for the output will, too. */
static void job_streams_ask_sizes(struct job_streams *session)
{
	struct warden_message *request = request_with_handle(
		session->invocation, "jobs", session->handle, session->handle_length);
	struct warden_message *answer =
		request ? warden_client_call(session->output, request) : NULL;

	for (size_t i = 0; answer && i < warden_message_count(answer, "jobs"); i++) {
		const struct warden_message *job = warden_message_child(answer, "jobs", i);

		if (warden_message_number(job, "job_id", 0) != session->job)
			continue;
		session->had[0] = warden_message_number(job, "stdout_bytes", 0);
		session->had[1] = warden_message_number(job, "stderr_bytes", 0);
	}
	warden_message_free(answer);
	warden_message_free(request);
}

/* Requests the output behind what was printed. */
static int job_streams_request_output(struct job_streams *session)
{
	static const char *const fields[] = {"stdout_offset", "stderr_offset"};
	const struct session_options *options = session->options;
	struct warden_message *request = job_streams_new_request(session, options->request);
	int result = request ? 0 : -1;

	session->output_broken = false;
	if (result == 0 && !options->replay)
		result = warden_message_set_number(request, "replay", 0);
	for (int i = 0; i < 2; i++) {
		session->counted[i] = options->replay ? 0 : session->had[i];
		if (result == 0 && session->had[i] > 0)
			result = warden_message_set_number(request, fields[i], session->had[i]);
	}
	if (result == 0 &&
	    warden_client_submit(session->output, request, job_streams_on_output, session) == 0)
		result = job_streams_fail(session, session->output);
	warden_message_free(request);
	return result;
}

/* Opens the connections and requests the output. */
static int job_streams_begin(struct job_streams *session)
{
	struct invocation *invocation = session->invocation;

	session->output = invocation->client;
	memcpy(session->had, session->options->from, sizeof(session->had));
	session->buffer = malloc(CHUNK);
	if (!session->buffer)
		return -1;
	if ((session->options->input || session->options->terminal) &&
	    client_open_another(invocation, &session->input) != 0) {
		session->failed = true;
		return -1;
	}
	warden_client_set_wake_fd(session->output, session->options->signal_fd);
	if (session->input)
		warden_client_set_wake_fd(session->input, session->options->signal_fd);
	if (!session->options->replay && !session->had[0] && !session->had[1])
		job_streams_ask_sizes(session);
	return job_streams_request_output(session);
}

/* Connects again after the daemon has ended. `*woken`: signal_fd ended the attempts. */
static int job_streams_reconnect(struct job_streams *session, struct warden_client *client,
				 bool *woken)
{
	if (!warden_client_is_interrupted(client))
		return job_streams_fail(session, client);
	if (warden_client_reconnect(client) == 0)
		return 0;
	*woken = warden_client_failure(client) == WARDEN_FAILURE_WOKEN;
	return *woken ? 0 : job_streams_fail(session, client);
}

static int job_streams_resume_output(struct job_streams *session, bool *woken)
{
	int result = job_streams_reconnect(session, session->output, woken);

	return result < 0 || *woken ? result : job_streams_request_output(session);
}

/* Sends again what the daemon has not confirmed. After a crash it may have given some of it to the
 * job: sent again it could be there twice, left out it could be missing. */
static int job_streams_resume_input(struct job_streams *session, bool *woken)
{
	int result = job_streams_reconnect(session, session->input, woken);

	if (result < 0 || *woken)
		return result;
	while (!session->input_is_sure && session->is_raw && session->in_flight > 0)
		job_streams_drop_sent(session, session->sent[0].length); /* keys; typed again */
	if (!session->input_is_sure && session->in_flight > 0 && session->sent[0].length > 0) {
		complain(session->invocation,
			 "the daemon ended before it confirmed the last input; the job goes on");
		session->failed = true;
		return -1;
	}
	session->input_is_sure = session->input_broken = false;
	for (size_t i = 0; i < session->in_flight && result == 0; i++)
		result = job_streams_submit_chunk(session, &session->sent[i]);
	return result;
}

enum { WAIT_OUTPUT, WAIT_INPUT, WAIT_STDIN, WAIT_SIGNAL, WAIT_WINDOW, WAITS };

static void job_streams_prepare_poll(const struct job_streams *session, struct pollfd *fds)
{
	bool reads =
		session->options->input && !session->input_ended && session->in_flight < IN_FLIGHT;

	fds[WAIT_OUTPUT] = (struct pollfd){.fd = warden_client_fd(session->output),
					   .events = warden_client_events(session->output)};
	fds[WAIT_INPUT] = (struct pollfd){.fd = -1};
	if (session->input)
		fds[WAIT_INPUT] = (struct pollfd){.fd = warden_client_fd(session->input),
						  .events = warden_client_events(session->input)};
	fds[WAIT_STDIN] = (struct pollfd){.fd = reads ? STDIN_FILENO : -1, .events = POLLIN};
	fds[WAIT_SIGNAL] = (struct pollfd){.fd = session->options->signal_fd, .events = POLLIN};
	fds[WAIT_WINDOW] = (struct pollfd){.fd = session->winch_fd, .events = POLLIN};
}

/* Waits for the next event and handles it; `*woken`: signal_fd is readable. */
static int job_streams_poll(struct job_streams *session, bool *woken)
{
	struct pollfd fds[WAITS];

	job_streams_prepare_poll(session, fds);
	if (poll(fds, WAITS, -1) < 0)
		return errno == EINTR ? 0 : -1;
	if (fds[WAIT_SIGNAL].revents) {
		*woken = !session->options->interrupted ||
			 !session->options->interrupted(session->options->data);
		return 0;
	}
	if (fds[WAIT_INPUT].revents &&
	    (warden_client_process(session->input) < 0 || session->input_broken))
		return session->over ? 0 : job_streams_resume_input(session, woken);
	if (fds[WAIT_STDIN].revents && job_streams_read_input(session) < 0)
		return job_streams_fail(session, session->input);
	if (fds[WAIT_WINDOW].revents && job_streams_send_size(session) < 0)
		return job_streams_fail(session, session->input);
	if (fds[WAIT_OUTPUT].revents &&
	    (warden_client_process(session->output) < 0 || session->output_broken))
		return job_streams_resume_output(session, woken);
	return session->output_error ? -1 : 0;
}

static void job_streams_end(struct job_streams *session)
{
	job_streams_make_cooked(session);
	if (session->winch_fd >= 0) {
		close(session->winch_fd);
		sigprocmask(SIG_SETMASK, &session->old_signals,
			    NULL); /* cannot fail with a saved mask */
	}
	warden_client_free(session->input);
	warden_client_set_wake_fd(session->output, -1);
	while (session->in_flight > 0)
		free(session->sent[--session->in_flight].bytes);
	free(session->buffer);
}

int job_streams_run(struct invocation *invocation, const char *handle, size_t length, uint64_t job,
		    const struct session_options *options, bool *woken)
{
	struct job_streams session = {.invocation = invocation,
				      .options = options,
				      .handle = handle,
				      .handle_length = length,
				      .job = job,
				      .status = STATUS_FAILED};
	int result = job_streams_watch_window(&session);

	*woken = false;
	if (result == 0)
		result = job_streams_begin(&session);
	if (result == 0)
		job_streams_make_raw(&session);
	while (result == 0 && !session.over && !session.left && !session.failed && !*woken)
		result = job_streams_poll(&session, woken);
	job_streams_end(&session);
	if (session.output_error)
		errno = session.output_error;
	else if (session.left)
		return 0;
	else if (result < 0 && !session.failed)
		complain(invocation, "%s", strerror(errno));
	if (session.output_error && session.output_error != EPIPE)
		complain(invocation, "write the output: %s", strerror(session.output_error));
	return session.over && !session.output_error ? session.status : STATUS_FAILED;
}
