/* SPDX-License-Identifier: Apache-2.0 */
/* A connection to wardend: sends requests, receives answers, and keeps the text of the last
 * failure. */
#include <config.h>

#include "client/lib/client_private.h"

#include "proto/warden.pb-c.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { RECONNECT_MS = 60 * 1000 };

struct warden_client *warden_client_new(void)
{
	struct warden_client *client = calloc(1, sizeof(*client));

	if (!client)
		return NULL;
	client->fd = -1;
	client->wait.timeout = -1;
	client->wait.wake_fd = -1;
	client->wait.cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (client->wait.cancel_fd < 0) {
		free(client);
		return NULL;
	}
	client->frame_limit = (size_t)1 << 30;
	client->reconnect = RECONNECT_MS;
	STAILQ_INIT(&client->pending);
	return client;
}

void client_disconnect(struct warden_client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
	client_frame_clear(&client->input);
}

void client_clear_error(struct warden_client *client)
{
	free(client->refusal);
	client->refusal = NULL;
	client->error[0] = '\0';
	client->failure = WARDEN_FAILURE_NONE;
}

void warden_client_free(struct warden_client *client)
{
	if (!client)
		return;
	client_disconnect(client);
	client_clear_error(client);
	client_pending_free(client);
	close(client->wait.cancel_fd);
	free(client->path);
	free(client);
}

int client_fail(struct warden_client *client, enum warden_failure failure, const char *format, ...)
{
	va_list args;

	client_clear_error(client);
	va_start(args, format);
	vsnprintf(client->error, sizeof(client->error), format,
		  args); /* a truncated text is fine */
	va_end(args);
	client->failure = failure;
	if (failure >= WARDEN_FAILURE_CONNECTION && failure <= WARDEN_FAILURE_STOPPED)
		client_disconnect(client);
	return -1;
}

static int client_fail_socket(struct warden_client *client, enum socket_failure failure,
			      const char *what)
{
	switch (failure) {
	case SOCKET_TIMEOUT:
		return client_fail(client, WARDEN_FAILURE_TIMEOUT, "%s: no answer for %.3g seconds",
				   what, client->wait.timeout / 1000.0);
	case SOCKET_WOKEN:
		return client_fail(client, WARDEN_FAILURE_WOKEN, "%s: interrupted", what);
	case SOCKET_CANCELLED:
		return client_fail(client, WARDEN_FAILURE_CANCELLED, "%s: cancelled", what);
	default:
		return client_fail(client, WARDEN_FAILURE_CONNECTION, "%s: %s", what,
				   strerror(errno));
	}
}

/* Whether a request runs for a while, may be repeated, and cannot be resumed where it was. */
static bool client_is_copy_or_watch(const struct message_type *type)
{
	switch (type->number) {
	case WARDEN__MESSAGE__TYPE__CopyIn:
	case WARDEN__MESSAGE__TYPE__CopyOut:
	case WARDEN__MESSAGE__TYPE__TarIn:
	case WARDEN__MESSAGE__TYPE__TarOut:
	case WARDEN__MESSAGE__TYPE__FileWatch:
		return true;
	default:
		return false;
	}
}

int client_fail_lost(struct warden_client *client, const struct message_type *type,
		     const char *otherwise)
{
	if (type && client_is_copy_or_watch(type))
		return client_fail(client, WARDEN_FAILURE_CONNECTION,
				   "%s: the connection to the daemon was lost while it ran; it may "
				   "be repeated",
				   type->name);
	return client_fail(client, WARDEN_FAILURE_CONNECTION, "%s", otherwise);
}

const char *warden_client_error(const struct warden_client *client)
{
	return client->refusal ? client->refusal : client->error;
}

enum warden_failure warden_client_failure(const struct warden_client *client)
{
	return client->failure;
}

void warden_client_set_timeout(struct warden_client *client, int milliseconds)
{
	client->wait.timeout = milliseconds;
}

void warden_client_set_wake_fd(struct warden_client *client, int fd)
{
	client->wait.wake_fd = fd;
}

void warden_client_cancel(struct warden_client *client)
{
	const uint64_t one = 1;
	int number = errno; /* of what a signal handler has interrupted */

	/* Fails only if the counter is full, which is as good. */
	if (write(client->wait.cancel_fd, &one, sizeof(one)) < 0)
		errno = number;
}

void warden_client_set_frame_limit(struct warden_client *client, size_t bytes)
{
	client->frame_limit = bytes;
}

int warden_client_fd(const struct warden_client *client)
{
	return client->fd;
}

/* A call that waits would receive the answer of a submitted request. */
static int client_check_idle(struct warden_client *client)
{
	client_clear_error(client);
	if (STAILQ_EMPTY(&client->pending))
		return 0;
	return client_fail(client, WARDEN_FAILURE_ARGUMENT, "submitted requests are pending");
}

int client_connect(struct warden_client *client)
{
	enum socket_failure failure;
	char what[400];

	if (client->n_pending == 0)
		client_pending_free(client); /* late answers end with the connection */
	if (client_check_idle(client) < 0)
		return -1;
	client_disconnect(client);
	client->interrupted = false;
	client->fd = client_socket_connect(client->path, &client->wait, &failure);
	client->connected_at = client_socket_now_ms();
	if (client->fd >= 0)
		return 0;
	snprintf(what, sizeof(what), "connect to %s", client->path); /* a truncated path is fine */
	return client_fail_socket(client, failure, what);
}

int warden_client_connect(struct warden_client *client, const char *path)
{
	if (!path)
		path = getenv("WARDEN_SOCKET");
	if (!path || !*path)
		path = WARDEN_DEFAULT_SOCKET;
	free(client->path);
	client->path = strdup(path);
	client->resume_end = 0;
	if (!client->path)
		return client_fail(client, WARDEN_FAILURE_MEMORY, "out of memory");
	return client_connect(client);
}

uint8_t *client_encode(const struct message_type *type, const struct warden_message *request,
		       size_t *size)
{
	const ProtobufCMessage *base = message_base(request);
	Warden__Message frame = WARDEN__MESSAGE__INIT;
	uint8_t *bytes = NULL;

	frame.type = type->number;
	frame.payload.len = protobuf_c_message_get_packed_size(base);
	frame.payload.data = malloc(frame.payload.len + 1);
	if (frame.payload.data) {
		protobuf_c_message_pack(base, frame.payload.data);
		*size = warden__message__get_packed_size(&frame);
		bytes = malloc(*size + 1);
	}
	if (bytes)
		warden__message__pack(&frame, bytes);
	free(frame.payload.data);
	return bytes;
}

/* The daemon sends an error before it closes a connection. That error explains more than the
 * failed write. */
static int client_fail_send(struct warden_client *client, enum socket_failure failure)
{
	int number = errno;

	if (failure == SOCKET_ERRNO && (number == EPIPE || number == ECONNRESET)) {
		struct warden_message *answer = warden_client_receive(client);

		warden_message_free(answer);
		if (client->failure == WARDEN_FAILURE_REFUSED) {
			client_disconnect(client);
			return -1;
		}
	}
	errno = number;
	client_fail_socket(client, failure, "send to the daemon");
	client_disconnect(client); /* half a request may have been sent */
	return -1;
}

int warden_client_send(struct warden_client *client, const struct warden_message *request)
{
	const struct message_type *type = message_type_of_request(request);
	enum socket_failure failure;
	char header[32];
	uint8_t *bytes;
	size_t size = 0;
	int result;

	if (client_check_idle(client) < 0)
		return -1;
	if (!type)
		return client_fail(client, WARDEN_FAILURE_ARGUMENT, "the message is not a request");
	if (client->fd < 0)
		return client_fail(client, WARDEN_FAILURE_CONNECTION, "not connected");
	bytes = client_encode(type, request, &size);
	if (!bytes)
		return client_fail(client, WARDEN_FAILURE_MEMORY, "out of memory");

	struct iovec vector[] = {
		{header, (size_t)snprintf(header, sizeof(header), "%zu\r\n", size)},
		{bytes, size},
		{(char *)"\r\n", 2},
	};

	client->sent_type = type;
	result = client_socket_send(client->fd, vector, 3, &client->wait, &failure);
	free(bytes);
	return result == 0 ? 0 : client_fail_send(client, failure);
}

/* Nothing was received: an error, or the end of the connection (`got` is 0). */
static int client_fail_receive(struct warden_client *client, ssize_t got,
			       enum socket_failure failure)
{
	char text[128];

	if (got < 0 && failure != SOCKET_ERRNO)
		return client_fail_socket(client, failure, "wait for the daemon's answer");
	if (got == 0)
		return client_fail_lost(client, client->sent_type,
					"the daemon closed the connection before it answered");
	snprintf(text, sizeof(text), "wait for the daemon's answer: %s", strerror(errno));
	return client_fail_lost(client, client->sent_type, text);
}

/* Receives until the buffer holds a whole frame. */
static int client_receive_frame(struct warden_client *client, const uint8_t **payload,
				size_t *length)
{
	enum socket_failure failure;
	size_t room;
	ssize_t got;
	int found;

	for (;;) {
		found = client_frame_take(&client->input, client->frame_limit, payload, length);
		if (found > 0)
			return 0;
		if (found < 0)
			return client_fail(
				client, WARDEN_FAILURE_PROTOCOL,
				"received data is not an answer of wardend, or exceeds %zu bytes",
				client->frame_limit);
		room = client_frame_room(&client->input);
		if (room == 0)
			return client_fail(client, WARDEN_FAILURE_PROTOCOL, "out of memory");
		got = client_socket_receive(client->fd, client->input.bytes + client->input.end,
					    room, &client->wait, &failure);
		if (got <= 0)
			return client_fail_receive(client, got, failure);
		client->input.end += (size_t)got;
	}
}

static void client_read_refusal(struct warden_client *client, const ProtobufCBinaryData *payload)
{
	Warden__ErrorResponse *error =
		warden__error_response__unpack(&message_allocator, payload->len, payload->data);

	if (!error) {
		client_fail(client, WARDEN_FAILURE_PROTOCOL,
			    "the daemon's error cannot be decoded");
		return;
	}
	client_fail(client, WARDEN_FAILURE_REFUSED,
		    "the daemon refused the request without a reason");
	if (error->has_message && error->message.len > 0) {
		/* message_allocator has put a NUL behind it. */
		client->refusal = (char *)error->message.data;
		error->message.data = NULL;
		error->message.len = 0;
	}
	warden__error_response__free_unpacked(error, &message_allocator);
}

static struct warden_message *client_decode_frame(struct warden_client *client,
						  const Warden__Message *frame)
{
	const struct message_type *type = message_type_of_number(frame->type);
	ProtobufCMessage *base;

	if (frame->type == WARDEN__MESSAGE__TYPE__Error) {
		client_read_refusal(client, &frame->payload);
		return NULL;
	}
	base = type ? protobuf_c_message_unpack(type->response, &message_allocator,
						frame->payload.len, frame->payload.data)
		    : NULL;
	if (!base) {
		client_fail(client, WARDEN_FAILURE_PROTOCOL,
			    "an answer of type %d cannot be decoded", (int)frame->type);
		return NULL;
	}
	return message_of_base(base);
}

struct warden_message *client_decode(struct warden_client *client, const uint8_t *payload,
				     size_t length)
{
	Warden__Message *frame = warden__message__unpack(&message_allocator, length, payload);
	struct warden_message *answer;

	if (!frame) {
		client_fail(client, WARDEN_FAILURE_PROTOCOL,
			    "a frame of %zu bytes cannot be decoded", length);
		return NULL;
	}
	answer = client_decode_frame(client, frame);
	warden__message__free_unpacked(frame, &message_allocator);
	return answer;
}

struct warden_message *warden_client_receive(struct warden_client *client)
{
	const uint8_t *payload;
	size_t length;

	if (client_check_idle(client) < 0)
		return NULL;
	if (client->fd < 0) {
		client_fail(client, WARDEN_FAILURE_CONNECTION, "not connected");
		return NULL;
	}
	if (client_receive_frame(client, &payload, &length) < 0)
		return NULL;
	return client_decode(client, payload, length);
}

struct warden_message *warden_client_call(struct warden_client *client,
					  const struct warden_message *request)
{
	return client_resume_splits(client, request) ? client_resume_run(client, request)
						     : client_resume_call(client, request);
}
