/* SPDX-License-Identifier: Apache-2.0 */
/* `warden copy-in` and `copy-out`: by paths of the host, or as a tar through the socket, for
 * processes whose paths the daemon does not see. The progress is shown on standard error, on a
 * terminal or with --progress. */
#include <config.h>

#include "client/cli/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	CHUNK = 256 * 1024, /* bytes of a tar */
	IN_FLIGHT = 4,      /* chunks that were sent and not answered yet */
	TICK_MS = 200,      /* interval of the progress on a terminal */
	LINE_MS = 1000,     /* elsewhere, one line each */
};

/* The progress of a copy. */
struct cmd_copy_progress {
	const char *verb;
	bool shown, was_shown;
	bool terminal; /* each line replaces the previous one */
	bool counts;   /* `bytes` is known */
	uint64_t bytes;
	uint64_t files; /* 0: unknown */
	struct timespec begin, last;
};

static double cmd_copy_seconds_since(const struct timespec *then)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with this clock */
	return (double)(now.tv_sec - then->tv_sec) + (double)(now.tv_nsec - then->tv_nsec) / 1e9;
}

static void cmd_copy_begin_progress(const struct invocation *invocation,
				    struct cmd_copy_progress *progress, const char *verb,
				    bool counts)
{
	const struct warden_message *request = invocation->requests[0];

	progress->verb = verb;
	progress->counts = counts;
	progress->terminal = isatty(STDERR_FILENO);
	progress->shown = warden_message_count(request, "progress") > 0
				  ? warden_message_number(request, "progress", 0) != 0
				  : progress->terminal;
	clock_gettime(CLOCK_MONOTONIC, &progress->begin);
	progress->last = progress->begin;
}

static void cmd_copy_show_progress(struct cmd_copy_progress *progress)
{
	double seconds = cmd_copy_seconds_since(&progress->begin);
	int pause_ms = progress->terminal ? TICK_MS : LINE_MS;
	char size[32], rate[32];

	if (!progress->shown || cmd_copy_seconds_since(&progress->last) < pause_ms / 1000.0)
		return;
	clock_gettime(CLOCK_MONOTONIC, &progress->last);
	text_size(size, sizeof(size), progress->bytes);
	text_size(rate, sizeof(rate), (uint64_t)((double)progress->bytes / seconds));
	fprintf(stderr, "%s%s", progress->terminal ? "\r\033[K" : "", progress->verb);
	if (progress->counts)
		fprintf(stderr, " %s, %s/s", size, rate);
	if (progress->files > 0)
		fprintf(stderr, ", %" PRIu64 " file%s", progress->files,
			progress->files == 1 ? "" : "s");
	fprintf(stderr, ", %.1f s%s", seconds, progress->terminal ? "" : "\n");
	progress->was_shown = true;
}

static void cmd_copy_end_progress(struct cmd_copy_progress *progress)
{
	if (progress->was_shown && progress->terminal)
		fputs("\r\033[K", stderr);
	progress->was_shown = false;
}

/* Says what the last answer of a copy counts as not copied. A source that cannot be copied itself
 * is an error, so the status stays 0. */
static void cmd_copy_say_left_out(const struct invocation *invocation,
				  struct cmd_copy_progress *progress,
				  const struct warden_message *answer)
{
	uint64_t skipped = warden_message_number(answer, "skipped", 0);
	uint64_t vanished = warden_message_number(answer, "vanished", 0);

	if (skipped > 0 || vanished > 0)
		cmd_copy_end_progress(progress);
	if (skipped > 0)
		complain(invocation,
			 "left out %" PRIu64
			 " %s: fifos, sockets, devices or file systems of the kernel",
			 skipped, skipped == 1 ? "entry" : "entries");
	if (vanished > 0)
		complain(invocation, "%" PRIu64 " %s vanished or changed during the copy", vanished,
			 vanished == 1 ? "entry" : "entries");
}

static int cmd_copy_fail(struct invocation *invocation, struct cmd_copy_progress *progress)
{
	cmd_copy_end_progress(progress);
	return client_failed(invocation);
}

/* The result of a copy by paths. */
struct cmd_copy_result {
	struct invocation *invocation;
	struct cmd_copy_progress progress;
	bool over;
	int status;
};

/* The fields of the last answer are in the lines of cmd_copy_say_left_out. */
static int cmd_copy_print_answer(struct invocation *invocation, const struct warden_message *answer)
{
	return invocation->json || invocation->format ? print_answer(invocation, answer) : 0;
}

static void cmd_copy_on_answer(void *data, uint64_t id, const struct warden_message *answer,
			       bool last)
{
	struct cmd_copy_result *result = data;

	(void)id;
	result->over = last;
	if (answer && !last) {
		result->progress.counts = true;
		result->progress.bytes = warden_message_number(answer, "bytes", 0);
		result->progress.files = warden_message_number(answer, "files", 0);
	} else if (answer) {
		cmd_copy_end_progress(&result->progress);
		cmd_copy_say_left_out(result->invocation, &result->progress, answer);
		result->status = cmd_copy_print_answer(result->invocation, answer);
	}
}

/* The daemon copies, and sends progress if it is shown. */
static int cmd_copy_by_path(struct invocation *invocation, const char *verb)
{
	struct cmd_copy_result result = {.invocation = invocation, .status = STATUS_FAILED};
	struct warden_client *client = invocation->client;
	struct cmd_copy_progress *progress = &result.progress;

	cmd_copy_begin_progress(invocation, progress, verb, false);
	if (progress->shown &&
	    warden_message_set_number(invocation->requests[0], "progress", 1) < 0) {
		complain(invocation, "out of memory");
		return STATUS_FAILED;
	}
	if (warden_client_submit(client, invocation->requests[0], cmd_copy_on_answer, &result) == 0)
		return cmd_copy_fail(invocation, progress);
	while (!result.over) {
		struct pollfd wait = {.fd = warden_client_fd(client),
				      .events = warden_client_events(client)};
		int n = poll(&wait, 1, TICK_MS);

		if (n < 0 && errno != EINTR)
			break;
		if (n > 0 && warden_client_process(client) < 0)
			break;
		if (!result.over)
			cmd_copy_show_progress(progress);
	}
	if (result.status == STATUS_FAILED && *warden_client_error(client))
		return cmd_copy_fail(invocation, progress);
	cmd_copy_end_progress(progress);
	return result.status;
}

/* Creates a tar request with the handle and one path of this copy. */
static struct warden_message *cmd_copy_new_tar_request(const struct invocation *invocation,
						       const char *name, const char *field)
{
	size_t length;
	const char *handle = invocation_handle(invocation, &length);
	struct warden_message *request = request_with_handle(invocation, name, handle, length);
	const char *path = warden_message_bytes(invocation->requests[0], field, 0, &length);

	if (request && warden_message_set_bytes(request, field, path, length) < 0) {
		complain(invocation, "out of memory");
		warden_message_free(request);
		return NULL;
	}
	return request;
}

/* Reads standard input until the buffer is full or the input ends. Returns the bytes, or -1. */
static ssize_t cmd_copy_read_chunk(char *buffer)
{
	size_t length = 0;

	while (length < CHUNK) {
		ssize_t got = read(STDIN_FILENO, buffer + length, CHUNK - length);

		if (got == 0)
			break;
		if (got > 0)
			length += (size_t)got;
		else if (errno != EINTR)
			return -1;
	}
	return (ssize_t)length;
}

static int cmd_copy_send_chunk(struct invocation *invocation, const char *buffer, size_t length,
			       bool end)
{
	struct warden_message *request = warden_message_new("tar_data");
	int result = -1;

	if (!request ||
	    (length > 0 && warden_message_set_bytes(request, "data", buffer, length) < 0) ||
	    (end && warden_message_set_number(request, "end", 1) < 0))
		complain(invocation, "out of memory");
	else
		result = warden_client_send(invocation->client, request);
	warden_message_free(request);
	return result;
}

static int cmd_copy_receive_answer(struct invocation *invocation,
				   struct cmd_copy_progress *progress)
{
	struct warden_message *answer = warden_client_receive(invocation->client);

	if (answer)
		cmd_copy_say_left_out(invocation, progress, answer);
	warden_message_free(answer);
	return answer ? 0 : -1;
}

/* Sends standard input. Up to IN_FLIGHT chunks are unanswered while the next one is read. */
static int cmd_copy_send_tar(struct invocation *invocation, char *buffer,
			     struct cmd_copy_progress *progress)
{
	size_t in_flight = 0;
	bool end;

	do {
		ssize_t got = cmd_copy_read_chunk(buffer);

		if (got < 0) {
			cmd_copy_end_progress(progress);
			complain(invocation, "read standard input: %s", strerror(errno));
			return STATUS_FAILED;
		}
		end = got < CHUNK; /* do not read a terminal again after its end */
		if (cmd_copy_send_chunk(invocation, buffer, (size_t)got, end) < 0)
			return cmd_copy_fail(invocation, progress);
		in_flight++;
		progress->bytes += (uint64_t)got;
		cmd_copy_show_progress(progress);
		for (; in_flight > (end ? 0 : IN_FLIGHT); in_flight--)
			if (cmd_copy_receive_answer(invocation, progress) < 0)
				return cmd_copy_fail(invocation, progress);
	} while (!end);
	cmd_copy_end_progress(progress);
	return 0;
}

static int cmd_copy_tar_in(struct invocation *invocation)
{
	struct warden_message *request = cmd_copy_new_tar_request(invocation, "tar_in", "dst_path"),
			      *answer;
	struct cmd_copy_progress progress = {0};
	char *buffer = malloc(CHUNK);
	int status = STATUS_FAILED;

	cmd_copy_begin_progress(invocation, &progress, "copying in", true);
	answer = request && buffer ? warden_client_call(invocation->client, request) : NULL;
	if (answer)
		status = cmd_copy_send_tar(invocation, buffer, &progress);
	else if (request && buffer)
		client_failed(invocation);
	warden_message_free(answer);
	warden_message_free(request);
	free(buffer);
	return status;
}

/* Writes the chunks of the tar to standard output. */
static int cmd_copy_receive_tar(struct invocation *invocation, struct warden_message *answer,
				struct cmd_copy_progress *progress)
{
	while (answer) {
		bool end = warden_message_number(answer, "end", 0) != 0;
		size_t length;
		const char *bytes = warden_message_bytes(answer, "data", 0, &length);
		int result = bytes ? write_all(STDOUT_FILENO, bytes, length) : 0;

		if (end)
			cmd_copy_say_left_out(invocation, progress, answer);
		warden_message_free(answer);
		if (result < 0) {
			cmd_copy_end_progress(progress);
			complain(invocation, "write standard output: %s", strerror(errno));
			return STATUS_FAILED;
		}
		progress->bytes += length;
		cmd_copy_show_progress(progress);
		if (end) {
			cmd_copy_end_progress(progress);
			return 0;
		}
		answer = warden_client_receive(invocation->client);
	}
	return cmd_copy_fail(invocation, progress);
}

static int cmd_copy_tar_out(struct invocation *invocation)
{
	struct warden_message *request =
		cmd_copy_new_tar_request(invocation, "tar_out", "src_path");
	struct cmd_copy_progress progress = {0};
	int status;

	if (!request)
		return STATUS_FAILED;
	if (warden_message_count(invocation->requests[0], "owner") > 0) {
		warden_message_free(request);
		return usage_error(invocation, "--owner cannot be used with a tar");
	}
	if (isatty(STDOUT_FILENO)) {
		warden_message_free(request);
		return usage_error(invocation, "a tar is not written to a terminal");
	}
	if (warden_message_number(invocation->requests[0], "keep_modes", 0) != 0 &&
	    warden_message_set_number(request, "keep_modes", 1) < 0) {
		warden_message_free(request);
		complain(invocation, "out of memory");
		return STATUS_FAILED;
	}
	cmd_copy_begin_progress(invocation, &progress, "copying out", true);
	status = cmd_copy_receive_tar(invocation, warden_client_call(invocation->client, request),
				      &progress);
	warden_message_free(request);
	return status;
}

static bool cmd_copy_is_stream(const struct invocation *invocation, const char *field)
{
	return strcmp(warden_message_bytes(invocation->requests[0], field, 0, NULL), "-") == 0;
}

int cmd_copy_in(struct invocation *invocation)
{
	int status = client_open(invocation);

	if (status != 0)
		return status;
	return cmd_copy_is_stream(invocation, "src_path")
		       ? cmd_copy_tar_in(invocation)
		       : cmd_copy_by_path(invocation, "copying in");
}

int cmd_copy_out(struct invocation *invocation)
{
	int status = client_open(invocation);

	if (status != 0)
		return status;
	return cmd_copy_is_stream(invocation, "dst_path")
		       ? cmd_copy_tar_out(invocation)
		       : cmd_copy_by_path(invocation, "copying out");
}
