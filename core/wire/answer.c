/* SPDX-License-Identifier: Apache-2.0 */
/* Encodes, frames and sends answers, and ends a request when its answer is written or its client
 * has left. */
#include <config.h>

#include <inttypes.h>
#include <stdlib.h>

#include "core/audit.h"
#include "core/log.h"
#include "core/wire/request.h"
#include "lib/probe.h"
#include "lib/varint.h"

/* Most bytes in front of a payload: the frame's length, field 1 (type) and the start of field 2
 * (payload) of Message. */
enum { HEAD_MAX = 48 };

/* The bytes in front of a payload of `size` bytes, malloc'd. NULL: no memory. */
static uint8_t *answer_make_head(int type, uint64_t size, size_t *length)
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

static uint64_t answer_payload_size(const struct segment_list *list)
{
	const struct segment *segment;
	uint64_t size = 0;

	TAILQ_FOREACH(segment, list, link)
		size += segment->fd < 0 ? segment->length : segment->left;
	return size;
}

/* Frames the payload and sends it; takes the payload. False: no memory. */
static bool answer_send_frame(struct connection *connection, int type, struct segment_list *payload)
{
	struct segment_list frame = TAILQ_HEAD_INITIALIZER(frame);
	size_t length = 0;
	uint8_t *head = answer_make_head(type, answer_payload_size(payload), &length);
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

/* Head, message and tail share one buffer, so that a small answer is sent in one write. False: no
 * memory. */
static bool answer_send_message(struct connection *connection, int type,
				const ProtobufCMessage *message)
{
	struct segment_list frame = TAILQ_HEAD_INITIALIZER(frame);
	size_t size = protobuf_c_message_get_packed_size(message);
	size_t length = 0;
	uint8_t *head = answer_make_head(type, size, &length);
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

void request_audit(const struct request *request, const char *result)
{
	const ProtobufCFieldDescriptor *field;
	const ProtobufCBinaryData *handle = NULL;
	struct audit_entry entry = {
		.uid = request->account->uid,
		.pid = request->pid,
		.request = request->handler->name,
		.result = result,
	};

	if (!request->handler->audited)
		return;
	field = protobuf_c_message_descriptor_get_field_by_name(request->handler->message,
								"handle");
	if (field)
		handle = (const void *)((const char *)request->message + field->offset);
	if (handle && handle->len > 0) {
		entry.handle = (const char *)handle->data;
		entry.handle_length = handle->len;
	} else if (request->container) {
		entry.handle = request->container->handle;
		entry.handle_length = strlen(entry.handle);
	}
	audit_add(request->server->audit, &entry);
}

static void answer_free_request(struct request *request)
{
	request->account->requests--;
	request->account->bytes -= request->size;
	request->server->metrics.requests[request->handler->type].ended++;
	protobuf_c_message_free_unpacked(request->message, NULL);
	free(request);
}

/* There is no memory for an answer. The connection is closed so that the client does not wait for
 * ever. */
static void answer_close_connection(struct request *request)
{
	log_write(WARDEN_LOG_ERROR, "no memory for an answer to %s", request->handler->name);
	connection_close(request->connection);
}

static bool answer_send_error(struct connection *connection, const char *text)
{
	Warden__ErrorResponse answer = WARDEN__ERROR_RESPONSE__INIT;

	answer.has_message = true;
	answer.message.data = (uint8_t *)text;
	answer.message.len = strlen(text);
	return answer_send_message(connection, WARDEN__MESSAGE__TYPE__Error, &answer.base);
}

/* Whether an answer of so many bytes in memory may wait for a client that does not read. If not, an
 * error is sent instead, and the connection closes. */
static bool answer_fits(const struct request *request, uint64_t size)
{
	struct connection *connection = request->connection;
	struct warden_error err;

	if (client_account_check_bytes(request->server->config, request->account,
				       connection->held + request->size, size, &err) == 0)
		return true;
	log_write_limited(&request->account->log_limit, request->account->name, WARDEN_LOG_WARN,
			  "%s: %s", request->handler->name, err.message);
	connection->closing = true;
	if (!answer_send_error(connection, err.message))
		connection_close(connection);
	return false;
}

static uint64_t answer_memory_size(const struct segment_list *list)
{
	const struct segment *segment;
	uint64_t size = 0;

	TAILQ_FOREACH(segment, list, link)
		size += segment->length;
	return size;
}

/* Of the request's container; "" if there is none, or it is not known yet. */
static const char *answer_id(const struct request *request)
{
	return request->container ? request->container->id : "";
}

/* Records that the request is answered. True: the client has left, and the request has been freed.
 */
static bool answer_is_unwanted(struct request *request, bool failed)
{
	const uint64_t taken_ns = uv_hrtime() - request->begun_ns;

	request->answered = true;
	if (!failed)
		request_audit(request, "ok");
	metrics_answered(&request->server->metrics.requests[request->handler->type], taken_ns,
			 failed);
	PROBE4(request_end, request->handler->name, answer_id(request), failed, taken_ns / 1000);
	if (request->server->config->logging.trace)
		log_write(WARDEN_LOG_INFO, "%s%s%s answered after %.3f ms", answer_id(request),
			  request->container ? ": " : "", request->handler->name,
			  (double)taken_ns / 1e6);
	if (request->connection)
		return false;
	request_written(request, false);
	return true;
}

void request_answer(struct request *request, const ProtobufCMessage *answer)
{
	if (!answer_is_unwanted(request, false) &&
	    answer_fits(request, protobuf_c_message_get_packed_size(answer)) &&
	    !answer_send_message(request->connection, request->handler->type, answer))
		answer_close_connection(request);
}

void request_answer_empty(struct request *request)
{
	static const Warden__PingResponse empty = WARDEN__PING_RESPONSE__INIT;

	request_answer(request,
		       &empty.base); /* an empty message has the same encoding for every type */
}

void request_answer_segments(struct request *request, struct segment_list *payload)
{
	if (answer_is_unwanted(request, false))
		segments_free(payload);
	else if (!answer_fits(request, answer_memory_size(payload)))
		segments_free(payload);
	else if (!answer_send_frame(request->connection, request->handler->type, payload))
		answer_close_connection(request);
}

void request_send_part(struct request *request, struct segment_list *payload)
{
	struct connection *connection = request->connection;
	struct warden_error err;

	if (client_account_check_bytes(request->server->config, request->account,
				       connection->held + request->size,
				       answer_memory_size(payload), &err) < 0) {
		log_write_limited(&request->account->log_limit, request->account->name,
				  WARDEN_LOG_WARN, "%s: %s", request->handler->name, err.message);
		segments_free(payload);
		connection_close(connection);
	} else if (!answer_send_frame(connection, request->handler->type, payload)) {
		answer_close_connection(request);
	}
}

void request_fail(struct request *request, const struct warden_error *err)
{
	log_write_limited(&request->account->log_limit,
			  request->container ? request->container->id : request->account->name,
			  WARDEN_LOG_WARN, "%s: %s", request->handler->name, err->message);
	request_audit(request, err->message);
	if (!answer_is_unwanted(request, true) &&
	    !answer_send_error(request->connection, err->message))
		answer_close_connection(request);
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
	if (!answer_send_error(connection, text))
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
	answer_free_request(request);
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
		request_audit(request, "the client has left");
		answer_free_request(request);
	}
}
