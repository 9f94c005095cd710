/* SPDX-License-Identifier: Apache-2.0 */
/* Submitted requests: sends and receives as much as possible without waiting. */
#include <config.h>

#include "client/lib/client_private.h"

#include "proto/warden.pb-c.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { KEPT = 1 << 20 }; /* an empty output buffer that is larger is freed */

bool client_is_last(const struct message_type *type, const struct warden_message *answer)
{
	switch (type->number) {
	case WARDEN__MESSAGE__TYPE__Stream:
	case WARDEN__MESSAGE__TYPE__Attach:
		return warden_message_count(answer, "exit_status") > 0 ||
		       warden_message_count(answer, "name") == 0;
	case WARDEN__MESSAGE__TYPE__TarOut:
		return warden_message_number(answer, "end", 0) != 0;
	case WARDEN__MESSAGE__TYPE__CopyIn:
	case WARDEN__MESSAGE__TYPE__CopyOut:
		return warden_message_count(answer, "bytes") == 0;
	case WARDEN__MESSAGE__TYPE__FileWatch:
		return warden_message_number(answer, "change", 0) ==
		       WARDEN__FILE_WATCH_RESPONSE__CHANGE__ENDED;
	case WARDEN__MESSAGE__TYPE__Events:
		return false; /* until the connection closes */
	default:
		return true;
	}
}

/* Makes room for `size` more bytes at the end of the output. */
static bool client_async_make_room(struct warden_client *client, size_t size)
{
	size_t unsent = client->output_end - client->output_start;
	size_t capacity = client->output_capacity;
	uint8_t *grown;

	if (client->output_start > 0)
		memmove(client->output, client->output + client->output_start, unsent);
	client->output_start = 0;
	client->output_end = unsent;
	if (capacity - unsent >= size)
		return true;
	while (capacity - unsent < size)
		if (__builtin_mul_overflow(capacity ? capacity : 4096, 2, &capacity))
			return false;
	grown = realloc(client->output, capacity);
	if (!grown)
		return false;
	client->output = grown;
	client->output_capacity = capacity;
	return true;
}

static void client_async_append(struct warden_client *client, const void *bytes, size_t size)
{
	memcpy(client->output + client->output_end, bytes, size);
	client->output_end += size;
}

/* Appends a request's frame to the output. */
static int client_async_queue_frame(struct warden_client *client, const struct message_type *type,
				    const struct warden_message *request)
{
	size_t size = 0;
	uint8_t *bytes = client_encode(type, request, &size);
	char header[32];
	int length = snprintf(header, sizeof(header), "%zu\r\n", size);
	bool fits = bytes && client_async_make_room(client, (size_t)length + size + 2);

	if (fits) {
		client_async_append(client, header, (size_t)length);
		client_async_append(client, bytes, size);
		client_async_append(client, "\r\n", 2);
	}
	free(bytes);
	return fits ? 0 : client_fail(client, WARDEN_FAILURE_MEMORY, "out of memory");
}

void warden_client_set_resume(struct warden_client *client, bool resume)
{
	client->resumes = resume;
}

/* Appends a request to the output. */
static int client_async_queue_pending(struct warden_client *client, struct client_pending *pending)
{
	struct warden_message *request = client_submitted_new_request(pending);
	int result = request ? client_async_queue_frame(client, message_type_of_request(request),
							request)
			     : client_fail(client, WARDEN_FAILURE_MEMORY, "out of memory");

	warden_message_free(request);
	pending->sent = result == 0;
	if (client_submitted_is_resumable(pending))
		return result;
	warden_message_free(pending->request);
	pending->request = NULL;
	return result;
}

/* Requests behind a run wait until its link can be sent, since answers come in the order of the
 * requests. */
int client_async_queue(struct warden_client *client)
{
	struct client_pending *pending;

	client->holding = NULL;
	STAILQ_FOREACH(pending, &client->pending, link)
	{
		if (!pending->sent && client_async_queue_pending(client, pending) < 0)
			return -1;
		if (client_submitted_holds(pending)) {
			client->holding = pending;
			break;
		}
	}
	return 0;
}

/* Appends the first frame of a request to the output, or keeps the request until it can be sent. */
static int client_async_begin(struct warden_client *client, struct client_pending *pending,
			      const struct warden_message *request)
{
	bool held = client->interrupted || client->holding;

	if (!client->resumes && !held) {
		pending->sent = true;
		return client_async_queue_frame(client, pending->type, request);
	}
	pending->request = warden_message_copy(request, pending->type->name);
	if (!pending->request)
		return client_fail(client, WARDEN_FAILURE_MEMORY, "out of memory");
	client_submitted_init(pending);
	if (held)
		return 0;
	if (client_async_queue_pending(client, pending) < 0)
		return -1;
	client->holding = client_submitted_holds(pending) ? pending : NULL;
	return 0;
}

uint64_t warden_client_submit(struct warden_client *client, const struct warden_message *request,
			      warden_answer_function function, void *data)
{
	const struct message_type *type = message_type_of_request(request);
	struct client_pending *pending;

	client_clear_error(client);
	if (!type) {
		client_fail(client, WARDEN_FAILURE_ARGUMENT, "the message is not a request");
		return 0;
	}
	if (client->fd < 0 && !client->interrupted) {
		client_fail(client, WARDEN_FAILURE_CONNECTION, "not connected");
		return 0;
	}
	pending = calloc(1, sizeof(*pending));
	if (!pending) {
		client_fail(client, WARDEN_FAILURE_MEMORY, "out of memory");
		return 0;
	}
	pending->type = type;
	if (client_async_begin(client, pending, request) < 0) {
		client_submitted_free(pending);
		return 0;
	}
	pending->id = ++client->last_id;
	pending->function = function;
	pending->data = data;
	pending->deadline = -1;
	STAILQ_INSERT_TAIL(&client->pending, pending, link);
	client->n_pending++;
	return pending->id;
}

short warden_client_events(const struct warden_client *client)
{
	return client->output_end > client->output_start ? POLLIN | POLLOUT : POLLIN;
}

int warden_client_set_deadline(struct warden_client *client, uint64_t id, int milliseconds)
{
	struct client_pending *pending;

	client_clear_error(client);
	STAILQ_FOREACH(pending, &client->pending, link)
	{
		if (pending->id != id || pending->expired)
			continue;
		pending->timeout = milliseconds;
		pending->deadline = milliseconds < 0 ? -1 : client_socket_now_ms() + milliseconds;
		return 0;
	}
	return client_fail(client, WARDEN_FAILURE_ARGUMENT, "no pending request has this number");
}

int warden_client_wait_time(const struct warden_client *client)
{
	const struct client_pending *pending;
	int64_t first = -1, rest;

	if (client->interrupted)
		first = client->resume_at;
	STAILQ_FOREACH(pending, &client->pending, link)
	if (!pending->expired && pending->deadline >= 0 && (first < 0 || pending->deadline < first))
		first = pending->deadline;
	if (first < 0)
		return -1;
	rest = first - client_socket_now_ms();
	return rest < 0 ? 0 : (int)rest;
}

size_t warden_client_pending(const struct warden_client *client)
{
	return client->n_pending;
}

static struct client_pending *client_async_pop(struct warden_client *client)
{
	struct client_pending *pending = STAILQ_FIRST(&client->pending);

	STAILQ_REMOVE_HEAD(&client->pending, link);
	if (!pending->expired)
		client->n_pending--;
	return pending;
}

void client_pending_free(struct warden_client *client)
{
	while (!STAILQ_EMPTY(&client->pending))
		client_submitted_free(client_async_pop(client));
	client->holding = NULL;
	free(client->output);
	client->output = NULL;
	client->output_start = client->output_end = client->output_capacity = 0;
}

/* The connection is closed: fails every pending request. Their functions cannot submit further
 * ones, as there is no connection. Returns -1. */
static int client_async_fail_all(struct warden_client *client)
{
	bool lost = client->failure == WARDEN_FAILURE_CONNECTION;
	char text[sizeof(client->error)];

	memcpy(text, client->error, sizeof(text));
	client_disconnect(client);
	client->interrupted = false;
	while (!STAILQ_EMPTY(&client->pending)) {
		struct client_pending *pending = client_async_pop(client);

		if (lost)
			client_fail_lost(client, pending->type, text);
		if (!pending->expired)
			pending->function(pending->data, pending->id, NULL, true);
		client_submitted_free(pending);
	}
	client_pending_free(client);
	return -1;
}

static int client_async_send(struct warden_client *client)
{
	while (client->output_end > client->output_start) {
		ssize_t sent = send(client->fd, client->output + client->output_start,
				    client->output_end - client->output_start,
				    MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent >= 0)
			client->output_start += (size_t)sent;
		else if (errno == EAGAIN)
			return 0;
		else if (errno == EPIPE || errno == ECONNRESET)
			return 0; /* the daemon's last error may still be in the receive buffer */
		else if (errno != EINTR)
			return client_fail(client, WARDEN_FAILURE_CONNECTION,
					   "send to the daemon: %s", strerror(errno));
	}
	if (client->output_capacity > KEPT) {
		free(client->output);
		client->output = NULL;
		client->output_capacity = 0;
	}
	client->output_start = client->output_end = 0;
	return 0;
}

/* The spawn of a run is answered: its link is sent, and what waited behind it. An expired run ends
 * here. */
static int client_async_link_run(struct warden_client *client, struct client_pending *pending,
				 const struct warden_message *spawned)
{
	pending->job = warden_message_number(spawned, "job_id", 0);
	pending->sent = false;
	if (pending->job == 0)
		return client_fail(client, WARDEN_FAILURE_PROTOCOL, "spawn: no job");
	if (pending->expired)
		client_submitted_free(client_async_pop(client));
	return client_async_queue(client);
}

/* Calls the function of the oldest pending request. `answer`: NULL if it failed. */
static void client_async_finish(struct warden_client *client, struct client_pending *pending,
				const struct warden_message *answer)
{
	bool last = !answer || client_is_last(pending->type, answer);

	if (last)
		client_async_pop(client);
	if (!pending->expired)
		pending->function(pending->data, pending->id, answer, last);
	if (last)
		client_submitted_free(pending);
}

/* Gives an answer to the oldest pending request. */
static int client_async_take_answer(struct warden_client *client, struct client_pending *pending,
				    struct warden_message **answer)
{
	int taken;

	if (client_submitted_holds(pending))
		return client_async_link_run(client, pending, *answer);
	taken = client_submitted_take(pending, answer);
	if (taken < 0)
		return client_fail(client, WARDEN_FAILURE_MEMORY, "out of memory");
	if (taken == 0)
		client_async_finish(client, pending, *answer);
	return 0;
}

/* The daemon refused the oldest pending request: it ends, unless the daemon restarts and the
 * request is resumed. A run whose spawn failed holds nothing back any more. */
static int client_async_take_refusal(struct warden_client *client, struct client_pending *pending)
{
	bool holds = client_submitted_holds(pending);

	if (client->resumes && client_submitted_is_resumable(pending) &&
	    warden_client_is_interrupted(client))
		return -1;
	client_async_finish(client, pending, NULL);
	return holds ? client_async_queue(client) : 0;
}

static int client_async_deliver(struct warden_client *client, const uint8_t *payload, size_t length)
{
	struct client_pending *pending = STAILQ_FIRST(&client->pending);
	struct warden_message *answer;
	int result;

	client_clear_error(client);
	answer = client_decode(client, payload, length);
	if (!answer && client->failure != WARDEN_FAILURE_REFUSED)
		return -1;
	if (!pending) {
		warden_message_free(answer);
		/* An error that no request caused says why the daemon closes the connection. */
		return client->failure == WARDEN_FAILURE_REFUSED
			       ? -1
			       : client_fail(client, WARDEN_FAILURE_PROTOCOL,
					     "received an answer without a request");
	}
	result = answer ? client_async_take_answer(client, pending, &answer)
			: client_async_take_refusal(client, pending);
	warden_message_free(answer);
	return result;
}

/* Delivers every whole answer in the buffer. */
static int client_async_deliver_all(struct warden_client *client)
{
	const uint8_t *payload;
	size_t length;
	int found;

	while ((found = client_frame_take(&client->input, client->frame_limit, &payload, &length)) >
	       0)
		if (client_async_deliver(client, payload, length) < 0)
			return -1;
	if (found == 0)
		return 0;
	return client_fail(client, WARDEN_FAILURE_PROTOCOL,
			   "received data is not an answer of wardend, or exceeds %zu bytes",
			   client->frame_limit);
}

/* Receives once. The next call receives the rest, so that other descriptors of the program's
 * loop have their turn. */
static int client_async_receive(struct warden_client *client)
{
	size_t room = client_frame_room(&client->input);
	ssize_t got;

	if (room == 0)
		return client_fail(client, WARDEN_FAILURE_PROTOCOL, "out of memory");
	do
		got = recv(client->fd, client->input.bytes + client->input.end, room, MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	if (got < 0 && errno == EAGAIN)
		return 0;
	if (got < 0)
		return client_fail(client, WARDEN_FAILURE_CONNECTION,
				   "wait for the daemon's answer: %s", strerror(errno));
	if (got == 0)
		return client_fail(client, WARDEN_FAILURE_CONNECTION,
				   "the daemon closed the connection before it answered");
	client->input.end += (size_t)got;
	return client_async_deliver_all(client);
}

static struct client_pending *client_async_find_expired(struct warden_client *client, int64_t now)
{
	struct client_pending *pending;

	STAILQ_FOREACH(pending, &client->pending, link)
	if (!pending->expired && pending->deadline >= 0 && pending->deadline <= now)
		return pending;
	return NULL;
}

/* Fails the requests whose deadline has passed. Those that were sent stay in the list, as answers
 * come in the order of the requests: without them a late answer would go to another request's
 * function. */
static void client_async_expire(struct warden_client *client)
{
	const int64_t now = client_socket_now_ms();
	struct client_pending *pending;

	while ((pending = client_async_find_expired(client, now))) {
		pending->expired = true;
		client->n_pending--;
		client_fail(client, WARDEN_FAILURE_TIMEOUT, "%s: no answer for %.3g seconds",
			    pending->type->name, pending->timeout / 1000.0);
		pending->function(pending->data, pending->id, NULL, true);
		if (pending->sent)
			continue;
		STAILQ_REMOVE(&client->pending, pending, client_pending, link);
		client_submitted_free(pending);
	}
}

/* Sends and receives. */
static int client_async_exchange(struct warden_client *client)
{
	if (client->interrupted)
		return 0;
	return client_async_send(client) < 0 || client_async_receive(client) < 0 ? -1 : 0;
}

int warden_client_process(struct warden_client *client)
{
	client_clear_error(client);
	if (client->fd < 0 && !client->interrupted)
		return client_fail(client, WARDEN_FAILURE_CONNECTION, "not connected");
	if (client_interrupt_step(client) < 0)
		return client_async_fail_all(client);
	if (client_async_exchange(client) < 0 && client_interrupt_begin(client) < 0)
		return client_async_fail_all(client);
	client_async_expire(client);
	/* Send what the functions have submitted. */
	if (!client->interrupted && client_async_send(client) < 0 &&
	    client_interrupt_begin(client) < 0)
		return client_async_fail_all(client);
	return 0;
}
