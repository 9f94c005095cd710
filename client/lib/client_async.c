/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that are submitted: sent and answered as far as that goes without waiting. */
#include <config.h>

#include "client/lib/client_private.h"

#include "proto/warden.pb-c.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { KEPT = 1 << 20 }; /* a buffer that is empty and larger is given back */

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

/* Room behind what is there for `size` more bytes of output. */
static bool make_room(struct warden_client *client, size_t size)
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

static void put(struct warden_client *client, const void *bytes, size_t size)
{
	memcpy(client->output + client->output_end, bytes, size);
	client->output_end += size;
}

/* Puts a frame behind what is to be sent. */
static int queue_frame(struct warden_client *client, const struct message_type *type,
		       const struct warden_message *request)
{
	size_t size = 0;
	uint8_t *bytes = client_encode(type, request, &size);
	char header[32];
	int length = snprintf(header, sizeof(header), "%zu\r\n", size);
	bool fits = bytes && make_room(client, (size_t)length + size + 2);

	if (fits) {
		put(client, header, (size_t)length);
		put(client, bytes, size);
		put(client, "\r\n", 2);
	}
	free(bytes);
	return fits ? 0 : client_fail(client, WARDEN_FAILURE_MEMORY, "out of memory");
}

uint64_t warden_client_submit(struct warden_client *client, const struct warden_message *request,
			      warden_answer_function function, void *data)
{
	const struct message_type *type = message_type_of_request(request);
	struct pending *pending;

	client_clear_error(client);
	if (!type) {
		client_fail(client, WARDEN_FAILURE_ARGUMENT, "this message is no request");
		return 0;
	}
	if (client->fd < 0) {
		client_fail(client, WARDEN_FAILURE_CONNECTION, "not connected");
		return 0;
	}
	pending = calloc(1, sizeof(*pending));
	if (!pending) {
		client_fail(client, WARDEN_FAILURE_MEMORY, "out of memory");
		return 0;
	}
	if (queue_frame(client, type, request) < 0) {
		free(pending);
		return 0;
	}
	pending->id = ++client->last_id;
	pending->type = type;
	pending->function = function;
	pending->data = data;
	STAILQ_INSERT_TAIL(&client->pending, pending, link);
	client->n_pending++;
	return pending->id;
}

short warden_client_events(const struct warden_client *client)
{
	return client->output_end > client->output_start ? POLLIN | POLLOUT : POLLIN;
}

size_t warden_client_pending(const struct warden_client *client)
{
	return client->n_pending;
}

static struct pending *take_pending(struct warden_client *client)
{
	struct pending *pending = STAILQ_FIRST(&client->pending);

	STAILQ_REMOVE_HEAD(&client->pending, link);
	client->n_pending--;
	return pending;
}

void client_pending_free(struct warden_client *client)
{
	while (client->n_pending > 0)
		free(take_pending(client));
	free(client->output);
	client->output = NULL;
	client->output_start = client->output_end = client->output_capacity = 0;
}

/* The connection has ended: so have those requests that were under way, and none that their
 * functions submit can begin. Returns -1. */
static int end_all(struct warden_client *client)
{
	client_disconnect(client);
	while (client->n_pending > 0) {
		struct pending *pending = take_pending(client);

		pending->function(pending->data, pending->id, NULL, true);
		free(pending);
	}
	client_pending_free(client);
	return -1;
}

static int send_some(struct warden_client *client)
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
			return 0; /* what the daemon said before it closed is still to be read */
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

/* Hands an answer to whom it is for. */
static int deliver(struct warden_client *client, const uint8_t *payload, size_t length)
{
	struct pending *pending = STAILQ_FIRST(&client->pending);
	struct warden_message *answer;
	bool last;

	client_clear_error(client);
	answer = client_decode(client, payload, length);
	if (!answer && client->failure != WARDEN_FAILURE_REFUSED)
		return -1;
	if (!pending) {
		warden_message_free(answer);
		/* What the daemon says unasked is why it closes the connection. */
		return client->failure == WARDEN_FAILURE_REFUSED
			       ? -1
			       : client_fail(client, WARDEN_FAILURE_PROTOCOL,
					     "an answer came that nobody asked for");
	}
	last = !answer || client_is_last(pending->type, answer);
	if (last)
		take_pending(client);
	pending->function(pending->data, pending->id, answer, last);
	if (last)
		free(pending);
	warden_message_free(answer);
	return 0;
}

/* Hands on every answer that is there whole. */
static int deliver_all(struct warden_client *client)
{
	const uint8_t *payload;
	size_t length;
	int found;

	while ((found = client_frame_take(&client->input, client->frame_limit, &payload, &length)) >
	       0)
		if (deliver(client, payload, length) < 0)
			return -1;
	if (found == 0)
		return 0;
	return client_fail(client, WARDEN_FAILURE_PROTOCOL,
			   "what came is no answer of a wardend, or one over %zu bytes",
			   client->frame_limit);
}

/* Receives what is there, once: the rest is left to the next call, so that other descriptors of the
 * program's loop have their turn. */
static int receive_some(struct warden_client *client)
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
	return deliver_all(client);
}

int warden_client_process(struct warden_client *client)
{
	client_clear_error(client);
	if (client->fd < 0)
		return client_fail(client, WARDEN_FAILURE_CONNECTION, "not connected");
	if (send_some(client) < 0 || receive_some(client) < 0)
		return end_all(client);
	/* What functions have submitted meanwhile. */
	return send_some(client) < 0 ? end_all(client) : 0;
}
