/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that outlive the daemon: when the connection breaks in the middle of a request that may be
 * repeated, the client connects again and repeats it. */
#include <config.h>

#include "client/lib/client_private.h"

#include "proto/warden.pb-c.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

enum {
	FIRST_PAUSE = 10, /* milliseconds between attempts to connect; doubled each time */
	LONGEST_PAUSE = 500,
	/* A connection that lasted so long does not belong to the same interruption. */
	SETTLED = 5000,
};

const char *const stream_offset_fields[2] = {"stdout_offset", "stderr_offset"};

void warden_client_set_reconnect(struct warden_client *client, int milliseconds)
{
	client->reconnect = milliseconds;
}

/* The time counts from the first break, so that a daemon that dies of each repetition is not tried
 * for ever. */
bool client_resume_begin(struct warden_client *client, int limit)
{
	int64_t now = client_socket_now_ms();

	if (client->resume_end != 0 && now - client->connected_at < SETTLED)
		return now < client->resume_end;
	client->resume_end = now + limit;
	client->resume_pause = FIRST_PAUSE;
	return true;
}

int client_resume_next_pause(struct warden_client *client)
{
	int pause = client->resume_pause;

	client->resume_pause = 2 * pause < LONGEST_PAUSE ? 2 * pause : LONGEST_PAUSE;
	return pause;
}

/* How long a call that waits tries. */
static int client_resume_limit(const struct warden_client *client)
{
	int timeout = client->wait.timeout;

	return timeout >= 0 && timeout < client->reconnect ? timeout : client->reconnect;
}

bool client_resume_is_refused(int number)
{
	return number == ECONNREFUSED || number == ENOENT || number == ECONNRESET;
}

static int client_resume_pause(struct warden_client *client)
{
	enum socket_failure failure;

	if (client_socket_pause(client_resume_next_pause(client), &client->wait, &failure) < 0)
		return client_fail(client,
				   failure == SOCKET_WOKEN ? WARDEN_FAILURE_WOKEN
							   : WARDEN_FAILURE_CANCELLED,
				   "connect to %s: interrupted", client->path);
	return 0;
}

int warden_client_reconnect(struct warden_client *client)
{
	if (!client->path)
		return client_fail(client, WARDEN_FAILURE_CONNECTION, "not connected");
	if (!client_resume_begin(client, client_resume_limit(client)))
		return -1; /* with the failure that it had */
	do {
		if (client_resume_pause(client) < 0)
			return -1;
		if (client_connect(client) == 0)
			return 0;
	} while (client->failure == WARDEN_FAILURE_CONNECTION && client_resume_is_refused(errno) &&
		 client_socket_now_ms() < client->resume_end);
	return -1;
}

bool warden_client_is_interrupted(const struct warden_client *client)
{
	if (client->reconnect <= 0 || !client->path)
		return false;
	if (client->failure == WARDEN_FAILURE_CONNECTION)
		return true;
	if (client->failure != WARDEN_FAILURE_REFUSED || !client->refusal)
		return false;
	return strcmp(client->refusal, "the daemon is about to end") == 0 ||
	       (client->resume_end != 0 &&
		strstr(client->refusal, "current state is 'unreachable'") != NULL);
}

bool client_resume_is_repeatable(const struct warden_message *request)
{
	const struct message_type *type = message_type_of_request(request);
	size_t length = 0;

	warden_message_bytes(request, "request_id", 0, &length);
	return type && (type->number == WARDEN__MESSAGE__TYPE__Link || length > 0);
}

struct warden_message *client_resume_call(struct warden_client *client,
					  const struct warden_message *request)
{
	bool repeatable = client_resume_is_repeatable(request);

	for (;;) {
		struct warden_message *answer = warden_client_send(client, request) == 0
							? warden_client_receive(client)
							: NULL;

		if (answer || !repeatable || !warden_client_is_interrupted(client) ||
		    warden_client_reconnect(client) < 0)
			return answer;
	}
}

/* A spawn request for the job of a run, with an id, so that it can be repeated. */
struct warden_message *client_resume_new_spawn(const struct warden_message *run)
{
	struct warden_message *spawn = warden_message_copy(run, "spawn");
	uint64_t random[2] = {0};
	char id[40];

	/* Too few random bytes only make the id less unlikely to be another's. */
	(void)!getrandom(random, sizeof(random), GRND_NONBLOCK);
	snprintf(id, sizeof(id), "%016llx%016llx", (unsigned long long)random[0],
		 (unsigned long long)random[1]);
	if (spawn && warden_message_set(spawn, "request_id", id) == 0)
		return spawn;
	warden_message_free(spawn);
	return NULL;
}

struct warden_message *client_resume_new_link(const struct warden_message *run, uint64_t job)
{
	struct warden_message *link = warden_message_new("link");
	size_t length;
	const char *handle = warden_message_bytes(run, "handle", 0, &length);

	if (link && handle && warden_message_set_bytes(link, "handle", handle, length) == 0 &&
	    warden_message_set_number(link, "job_id", job) == 0)
		return link;
	warden_message_free(link);
	return NULL;
}

/* The answer to link has the same fields but for the job's number. */
struct warden_message *client_resume_new_run_answer(const struct warden_message *link, uint64_t job)
{
	struct warden_message *answer = message_copy_as(link, &warden__run_response__descriptor);

	if (answer && warden_message_set_number(answer, "job_id", job) == 0)
		return answer;
	warden_message_free(answer);
	return NULL;
}

static struct warden_message *client_resume_link_run(struct warden_client *client,
						     const struct warden_message *run, uint64_t job)
{
	struct warden_message *link = client_resume_new_link(run, job), *linked, *answer = NULL;

	if (!link) {
		client_fail(client, WARDEN_FAILURE_MEMORY, "out of memory");
		return NULL;
	}
	linked = client_resume_call(client, link);
	warden_message_free(link);
	if (linked && !(answer = client_resume_new_run_answer(linked, job)))
		client_fail(client, WARDEN_FAILURE_MEMORY, "out of memory");
	warden_message_free(linked);
	return answer;
}

static struct warden_message *client_resume_spawn_and_link(struct warden_client *client,
							   const struct warden_message *run,
							   const struct warden_message *spawn)
{
	struct warden_message *spawned = client_resume_call(client, spawn);
	uint64_t job;

	if (!spawned)
		return NULL;
	job = warden_message_number(spawned, "job_id", 0);
	warden_message_free(spawned);
	return client_resume_link_run(client, run, job);
}

/* After a restart a job is unknown that the earlier daemon had not sent to its container. */
static bool client_resume_never_began(const struct warden_client *client)
{
	return client->resume_end != 0 && client->failure == WARDEN_FAILURE_REFUSED &&
	       client->refusal && strcmp(client->refusal, "no such job") == 0;
}

struct warden_message *client_resume_run(struct warden_client *client,
					 const struct warden_message *run)
{
	struct warden_message *spawn = client_resume_new_spawn(run), *answer;

	if (!spawn) {
		client_fail(client, WARDEN_FAILURE_MEMORY, "out of memory");
		return NULL;
	}
	answer = client_resume_spawn_and_link(client, run, spawn);
	if (!answer && client_resume_never_began(client))
		answer = client_resume_spawn_and_link(client, run, spawn);
	warden_message_free(spawn);
	return answer;
}

bool client_resume_splits(const struct warden_client *client, const struct warden_message *request)
{
	const struct message_type *type = message_type_of_request(request);

	return client->reconnect > 0 && type && type->number == WARDEN__MESSAGE__TYPE__Run &&
	       !client_resume_is_repeatable(request);
}

bool client_resume_is_from_now(const struct warden_message *request)
{
	return warden_message_count(request, "replay") > 0 &&
	       !warden_message_number(request, "replay", 0);
}

/* The size of the job's output now. Fails without an error of its own: the request itself will. */
static void client_resume_ask_sizes(struct warden_client *client,
				    const struct warden_message *request,
				    struct stream_position *position)
{
	struct warden_message *jobs = warden_message_new("jobs"), *answer = NULL;
	size_t length;
	const char *handle = warden_message_bytes(request, "handle", 0, &length);
	uint64_t job = warden_message_number(request, "job_id", 0);

	if (jobs && handle && warden_message_set_bytes(jobs, "handle", handle, length) == 0)
		answer = warden_client_call(client, jobs);
	for (size_t i = 0; answer && i < warden_message_count(answer, "jobs"); i++) {
		const struct warden_message *entry = warden_message_child(answer, "jobs", i);

		if (warden_message_number(entry, "job_id", 0) != job)
			continue;
		position->had[0] = warden_message_number(entry, "stdout_bytes", 0);
		position->had[1] = warden_message_number(entry, "stderr_bytes", 0);
	}
	warden_message_free(answer);
	warden_message_free(jobs);
}

struct warden_message *client_resume_new_stream(const struct warden_message *request,
						struct stream_position *position)
{
	struct warden_message *copy =
		warden_message_copy(request, message_type_of_request(request)->name);
	int result = copy ? 0 : -1;

	for (int i = 0; i < 2 && result == 0; i++) {
		position->counted[i] = client_resume_is_from_now(request) ? position->had[i] : 0;
		if (position->had[i] > 0 || client_resume_is_from_now(request))
			result = warden_message_set_number(copy, stream_offset_fields[i],
							   position->had[i]);
	}
	if (result == 0)
		return copy;
	warden_message_free(copy);
	return NULL;
}

/* Sends the request for the output behind the position. */
static int client_resume_send_stream(struct warden_client *client,
				     const struct warden_message *request,
				     struct stream_position *position)
{
	struct warden_message *stream = client_resume_new_stream(request, position);
	int result = stream ? warden_client_send(client, stream)
			    : client_fail(client, WARDEN_FAILURE_MEMORY, "out of memory");

	warden_message_free(stream);
	return result;
}

size_t client_resume_skip(struct stream_position *position, const struct warden_message *answer)
{
	const char *name = warden_message_bytes(answer, "name", 0, NULL);
	size_t length = 0, skip = 0;
	int i = name && strcmp(name, "stderr") == 0;
	uint64_t at = position->counted[i];

	warden_message_bytes(answer, "data", 0, &length);
	if (warden_message_count(answer, "offset") > 0)
		at = warden_message_number(answer, "offset", 0);
	position->counted[i] = at + length;
	if (at < position->had[i])
		skip = position->had[i] - at < length ? (size_t)(position->had[i] - at) : length;
	if (at + length > position->had[i])
		position->had[i] = at + length;
	return skip;
}

/* Gives the program what it does not have yet of a piece of output. */
static int client_resume_deliver(struct stream_position *position,
				 const struct warden_message *answer,
				 warden_stream_function function, void *data)
{
	const char *name = warden_message_bytes(answer, "name", 0, NULL);
	size_t length = 0, skip = client_resume_skip(position, answer);
	const char *bytes = warden_message_bytes(answer, "data", 0, &length);

	return bytes && length > skip ? function(data, name, bytes + skip, length - skip) : 0;
}

/* Delivers pieces until the last answer; NULL: the connection broke, or another failure. */
static struct warden_message *client_resume_receive_stream(struct warden_client *client,
							   const struct message_type *type,
							   struct stream_position *position,
							   warden_stream_function function,
							   void *data)
{
	struct warden_message *answer;

	while ((answer = warden_client_receive(client)) && !client_is_last(type, answer)) {
		int result = client_resume_deliver(position, answer, function, data);

		warden_message_free(answer);
		if (result != 0) {
			client_fail(client, WARDEN_FAILURE_STOPPED,
				    "the stream function returned an error");
			return NULL;
		}
	}
	return answer;
}

struct warden_message *warden_client_stream(struct warden_client *client,
					    const struct warden_message *request,
					    warden_stream_function function, void *data)
{
	const struct message_type *type = message_type_of_request(request);
	struct stream_position position = {{0}, {0}};
	bool resumable = type && (type->number == WARDEN__MESSAGE__TYPE__Stream ||
				  type->number == WARDEN__MESSAGE__TYPE__Attach);

	if (!type) {
		client_fail(client, WARDEN_FAILURE_ARGUMENT, "the message is not a request");
		return NULL;
	}
	for (int i = 0; i < 2; i++)
		position.had[i] = warden_message_number(request, stream_offset_fields[i], 0);
	if (client->reconnect > 0 && client_resume_is_from_now(request) &&
	    warden_message_count(request, "stdout_offset") == 0)
		client_resume_ask_sizes(client, request, &position);
	for (;;) {
		struct warden_message *answer = NULL;

		if (client_resume_send_stream(client, request, &position) == 0)
			answer = client_resume_receive_stream(client, type, &position, function,
							      data);
		if (answer || !resumable || !warden_client_is_interrupted(client) ||
		    warden_client_reconnect(client) < 0)
			return answer;
	}
}
