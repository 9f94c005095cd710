/* SPDX-License-Identifier: Apache-2.0 */
/* Answers: encoded, framed and sent; and what becomes of a request when that is done or its client
 * has left. */
#include <config.h>

#include <inttypes.h>
#include <stdlib.h>

#include "core/log.h"
#include "core/wire/request.h"
#include "lib/varint.h"

/* Field 1 (type), field 2 (payload) of Message and the frame's length; at most this long. */
enum { HEAD_MAX = 48 };

/* What stands before a payload of `size` bytes. */
static uint8_t *make_head(int type, uint64_t size, size_t *length)
{
	uint8_t message[HEAD_MAX];
	uint8_t *head = malloc(HEAD_MAX);
	size_t n = 0;

	if (!head)
		return NULL;
	message[n++] = 1 << 3; /* field 1, a varint */
	n += varint_put(message + n, (uint64_t)type);
	message[n++] = 2 << 3 | 2; /* field 2, with a length */
	n += varint_put(message + n, size);
	*length = (size_t)snprintf((char *)head, HEAD_MAX, "%" PRIu64 "\r\n", n + size);
	memcpy(head + *length, message, n);
	*length += n;
	return head;
}

static uint64_t total(const struct segment_list *list)
{
	const struct segment *segment;
	uint64_t size = 0;

	TAILQ_FOREACH(segment, list, link)
		size += segment->fd < 0 ? segment->length : segment->left;
	return size;
}

/* Puts a frame around the payload and sends it; takes the payload. False: no memory. */
static bool send_frame(struct connection *connection, int type, struct segment_list *payload)
{
	struct segment_list frame = TAILQ_HEAD_INITIALIZER(frame);
	size_t length = 0;
	uint8_t *head = make_head(type, total(payload), &length);
	uint8_t *tail = malloc(2);

	if (tail)
		memcpy(tail, "\r\n", 2);
	if (!segment_add_memory(&frame, head, length)) {
		segments_free(payload);
		free(tail);
		return false;
	}
	TAILQ_CONCAT(&frame, payload, link);
	if (!segment_add_memory(&frame, tail, 2)) {
		segments_free(&frame);
		return false;
	}
	connection_send(connection, &frame);
	return true;
}

/* One buffer for all: head, message, tail. Small answers leave in one write. */
static bool send_message(struct connection *connection, int type, const ProtobufCMessage *message)
{
	struct segment_list frame = TAILQ_HEAD_INITIALIZER(frame);
	size_t size = protobuf_c_message_get_packed_size(message);
	size_t length = 0;
	uint8_t *head = make_head(type, size, &length);
	uint8_t *whole = head ? realloc(head, length + size + 2) : NULL;

	if (!whole) {
		free(head);
		return false;
	}
	protobuf_c_message_pack(message, whole + length);
	memcpy(whole + length + size, "\r\n", 2);
	if (!segment_add_memory(&frame, whole, length + size + 2))
		return false;
	connection_send(connection, &frame);
	return true;
}

static void request_free(struct request *request)
{
	request->server->metrics.requests[request->handler->type].ended++;
	protobuf_c_message_free_unpacked(request->message, NULL);
	free(request);
}

/* No memory for an answer: the client must not wait for ever. */
static void give_up(struct request *request)
{
	log_write(WARDEN_LOG_ERROR, "no memory for an answer to %s", request->handler->name);
	connection_close(request->connection);
}

/* Notes that this is the answer. True: its client has left, and the request is no more. */
static bool nobody_listens(struct request *request, bool failed)
{
	request->answered = true;
	metrics_answered(&request->server->metrics.requests[request->handler->type],
			 uv_hrtime() - request->begun_ns, failed);
	if (request->connection)
		return false;
	request_written(request, false);
	return true;
}

void request_answer(struct request *request, const ProtobufCMessage *answer)
{
	if (!nobody_listens(request, false) &&
	    !send_message(request->connection, request->handler->type, answer))
		give_up(request);
}

void request_answer_empty(struct request *request)
{
	static const Warden__PingResponse empty = WARDEN__PING_RESPONSE__INIT;

	request_answer(request, &empty.base); /* nothing is written alike in all of them */
}

void request_answer_segments(struct request *request, struct segment_list *payload)
{
	if (nobody_listens(request, false))
		segments_free(payload);
	else if (!send_frame(request->connection, request->handler->type, payload))
		give_up(request);
}

void request_send_part(struct request *request, struct segment_list *payload)
{
	if (!send_frame(request->connection, request->handler->type, payload))
		give_up(request);
}

static bool send_error(struct connection *connection, const char *text)
{
	Warden__ErrorResponse answer = WARDEN__ERROR_RESPONSE__INIT;

	answer.has_message = true;
	answer.message.data = (uint8_t *)text;
	answer.message.len = strlen(text);
	return send_message(connection, WARDEN__MESSAGE__TYPE__Error, &answer.base);
}

void request_fail(struct request *request, const struct warden_error *err)
{
	log_write(WARDEN_LOG_WARN, "%s%s%s: %s", request->container ? request->container->id : "",
		  request->container ? ": " : "", request->handler->name, err->message);
	if (!nobody_listens(request, true) && !send_error(request->connection, err->message))
		give_up(request);
}

void request_fail_text(struct request *request, const char *text)
{
	struct warden_error err;

	warden_error_set(&err, "%s", text);
	request_fail(request, &err);
}

void connection_send_error(struct connection *connection, const char *text)
{
	connection->server->metrics.refused_frames++;
	if (!send_error(connection, text))
		connection_close(connection);
}

void request_written(struct request *request, bool whole)
{
	struct connection *connection = request->connection;

	if (!request->answered) {
		request->handler->written(request, whole);
		return;
	}
	if (request->handler->written)
		request->handler->written(request, whole);
	if (connection)
		connection->request = NULL;
	request_free(request);
	if (connection)
		connection_start_next_request(connection);
}

void request_abandon(struct request *request)
{
	request->connection = NULL;
	if (request->answered) {
		request_written(request, false);
	} else if (!request->admitting && request->handler->cancel &&
		   request->handler->cancel(request)) {
		request_free(request);
	}
}
