/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that most commands share: connect, send one request, print its answer. */
#include <config.h>

#include "client/cli/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
	CONNECT_TIMEOUT = 10 * 1000,
	/* Of commands that do not wait for a job. Hooks of create may take 40 s; the stop at the
	 * beginning of destroy takes up to 10 s. */
	ANSWER_TIMEOUT = 60 * 1000,
	/* For the first connection: a daemon that restarts has left its socket, which refuses. So
	 * does a daemon that was stopped, so this is shorter than RECONNECT. */
	FIRST_TIME = 5 * 1000,
	RECONNECT = 60 * 1000,
};

void complain(const struct invocation *invocation, const char *format, ...)
{
	const char *name = invocation->command ? invocation->command->name : NULL;
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	fflush(stdout); /* keeps the order of standard output and error; main checks the error */
	fprintf(stderr, "warden%s%s: ", name ? " " : "", name ? name : "");
	if (text)
		text_safe(stderr, text, strlen(text), true);
	fprintf(stderr, "\n");
	free(text);
}

int client_failed(const struct invocation *invocation)
{
	complain(invocation, "%s", warden_client_error(invocation->client));
	return STATUS_FAILED;
}

/* A kept connection is usable only if it has nothing to read: no end, and no rest of another
 * answer. */
static bool call_is_usable(const struct warden_client *client)
{
	struct pollfd wait = {.fd = client ? warden_client_fd(client) : -1, .events = POLLIN};

	return wait.fd >= 0 && poll(&wait, 1, 0) == 0;
}

/* Connects; waits for a daemon that restarts. 0, or -1 with errno. */
static int call_reach_daemon(const struct invocation *invocation)
{
	struct warden_client *client = invocation->client;
	int result = warden_client_connect(client, invocation->socket_path);
	bool given = invocation->reconnect >= 0;

	if (result < 0 && invocation->reconnect != 0 &&
	    (errno == ECONNREFUSED || (errno == ENOENT && given))) {
		warden_client_set_timeout(client, -1);
		warden_client_set_reconnect(client, given ? invocation->reconnect : FIRST_TIME);
		result = warden_client_reconnect(client);
	}
	warden_client_set_reconnect(client, given ? invocation->reconnect : RECONNECT);
	return result;
}

static int call_connect(struct invocation *invocation)
{
	warden_client_set_timeout(invocation->client, CONNECT_TIMEOUT);
	if (call_reach_daemon(invocation) < 0) {
		int number = errno;

		client_failed(invocation);
		if (number == ENOENT || number == ECONNREFUSED)
			fprintf(stderr, "Is wardend running? --socket or WARDEN_SOCKET name its "
					"socket.\n");
		return STATUS_FAILED;
	}
	return 0;
}

int client_open(struct invocation *invocation)
{
	bool kept = !invocation->client && invocation->kept;
	int status = 0;

	invocation->client = kept ? invocation->kept : warden_client_new();
	if (!invocation->client) {
		complain(invocation, "out of memory");
		return STATUS_FAILED;
	}
	if (!kept || !call_is_usable(invocation->client))
		status = call_connect(invocation);
	if (status == 0)
		warden_client_set_timeout(invocation->client,
					  invocation->command->waits ? -1 : ANSWER_TIMEOUT);
	return status;
}

int client_open_another(struct invocation *invocation, struct warden_client **client)
{
	struct warden_client *first = invocation->client, *kept = invocation->kept;
	int status;

	invocation->client = invocation->kept = NULL;
	status = client_open(invocation);
	*client = invocation->client;
	invocation->client = first;
	invocation->kept = kept;
	return status;
}

int print_answer(struct invocation *invocation, const struct warden_message *answer)
{
	if (invocation->format) {
		format_print(invocation, answer);
	} else if (invocation->json) {
		if (json_print(stdout, answer) < 0) {
			complain(invocation, "the answer cannot be written as JSON");
			return STATUS_FAILED;
		}
	} else if (invocation->command->print) {
		invocation->command->print(answer);
	} else {
		print_fields(answer);
	}
	return 0;
}

int print_answer_now(struct invocation *invocation, const struct warden_message *answer)
{
	int status = print_answer(invocation, answer);

	if (status == 0 && fflush(stdout) != 0) {
		complain(invocation, "write the answer: %s", strerror(errno));
		status = STATUS_FAILED;
	}
	return status;
}

struct warden_message *request_with_handle(const struct invocation *invocation, const char *name,
					   const char *handle, size_t length)
{
	struct warden_message *request = warden_message_new(name);

	if (request && warden_message_set_bytes(request, "handle", handle, length) == 0)
		return request;
	warden_message_free(request);
	complain(invocation, "out of memory");
	return NULL;
}

const char *invocation_handle(const struct invocation *invocation, size_t *length)
{
	return warden_message_bytes(invocation->requests[0], "handle", 0, length);
}

int request_set_id(const struct invocation *invocation, struct warden_message *request)
{
	uint64_t random[2];
	char id[40];

	if (invocation->reconnect == 0 || warden_message_count(request, "request_id") > 0)
		return 0;
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
		complain(invocation, "make a request id: %s", strerror(errno));
		return -1;
	}
	snprintf(id, sizeof(id), "%016" PRIx64 "%016" PRIx64, random[0], random[1]);
	if (warden_message_set(request, "request_id", id) == 0)
		return 0;
	complain(invocation, "out of memory");
	return -1;
}

/* Whether the command's request has a request_id. */
static bool call_is_repeatable(const struct invocation *invocation)
{
	static const char *const names[] = {"create", "run", "spawn"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(invocation->command->name, names[i]) == 0)
			return true;
	return false;
}

/* Sets fields that the protocol requires and that are optional on the command line. */
static int call_set_defaults(const struct invocation *invocation)
{
	struct warden_message *request = invocation->requests[0];

	job_streams_set_size(request);
	if (call_is_repeatable(invocation) && request_set_id(invocation, request) < 0)
		return STATUS_FAILED;
	if (strcmp(invocation->command->name, "job-signal") == 0 &&
	    warden_message_number(request, "signal", 0) == 0 &&
	    warden_message_set_number(request, "signal", SIGTERM) < 0) {
		complain(invocation, "out of memory");
		return STATUS_FAILED;
	}
	return 0;
}

int call_prepare(struct invocation *invocation)
{
	int status = call_set_defaults(invocation);

	if (status == 0 && invocation->command->words == WORDS_HANDLE_FIRST)
		status = set_script_words(invocation, invocation->requests[0]);
	return status != 0 ? status : client_open(invocation);
}

struct warden_message *call_list(const struct invocation *invocation)
{
	struct warden_message *request = warden_message_new("list");
	struct warden_message *list =
		request ? warden_client_call(invocation->client, request) : NULL;

	warden_message_free(request);
	return list;
}

bool list_has(const struct warden_message *list, const char *handle)
{
	for (size_t i = 0; i < warden_message_count(list, "handles"); i++)
		if (strcmp(handle, warden_message_bytes(list, "handles", i, NULL)) == 0)
			return true;
	return false;
}

int cmd_call(struct invocation *invocation)
{
	struct warden_message *answer;
	int status = call_prepare(invocation);

	if (status != 0)
		return status;
	answer = warden_client_call(invocation->client, invocation->requests[0]);
	if (!answer)
		return client_failed(invocation);
	status = print_answer(invocation, answer);
	warden_message_free(answer);
	return status;
}

struct cmd_follow {
	struct invocation *invocation;
	int status;
	bool over;
};

static void cmd_follow_on_answer(void *data, uint64_t id, const struct warden_message *answer,
				 bool last)
{
	struct cmd_follow *follow = data;

	(void)id;
	follow->over = last;
	if (!answer)
		follow->status = client_failed(follow->invocation);
	else if (follow->status == 0)
		follow->status = print_answer_now(follow->invocation, answer);
}

/* Prints answers until the last one. Events go on over a restart of the daemon. */
int cmd_follow(struct invocation *invocation)
{
	struct cmd_follow follow = {.invocation = invocation, .status = client_open(invocation)};
	struct warden_client *client = invocation->client;

	if (follow.status != 0)
		return follow.status;
	warden_client_set_resume(client, true);
	if (warden_client_submit(client, invocation->requests[0], cmd_follow_on_answer, &follow) ==
	    0)
		return client_failed(invocation);
	while (!follow.over && follow.status == 0) {
		struct pollfd wait = {warden_client_fd(client), warden_client_events(client), 0};

		if (poll(&wait, 1, warden_client_wait_time(client)) >= 0 &&
		    warden_client_process(client) < 0)
			break; /* the function was called */
	}
	return follow.status;
}
