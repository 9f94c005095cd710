/* SPDX-License-Identifier: Apache-2.0 */
/* Dispatches requests: decodes a frame, finds its container, checks the container's state and calls
 * the handler of the request. */
#include <config.h>

#include <stdlib.h>

#include "core/backend/backend_call.h"
#include "core/log.h"
#include "core/wire/request.h"
#include "lib/probe.h"

enum { HANDLE_MAX = 1024 };

static const struct request_handler *dispatch_find_handler(const struct server *server, int type)
{
	for (size_t i = 0; i < server->n_handlers; i++)
		if (server->handlers[i]->type == type)
			return server->handlers[i];
	return NULL;
}

static void dispatch_refuse_type(struct connection *connection, int type)
{
	char text[64];

	snprintf(text, sizeof(text), "Unknown request: type %d", type);
	connection_send_error(connection, text);
}

/* Fails unless the container is in one of `states`. The error lists them in the protocol's order.
 */
static int dispatch_check_state(const struct container *c, unsigned states,
				struct warden_error *err)
{
	static const enum container_state order[] = {STATE_BORN, STATE_ACTIVE, STATE_STOPPED,
						     STATE_DESTROYING, STATE_DESTROYED};
	char names[64] = "";
	size_t length = 0;

	if (states & (unsigned)c->state)
		return 0;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (states & (unsigned)order[i])
			length += (size_t)snprintf(names + length, sizeof(names) - length, "%s%s",
						   length ? ", " : "",
						   container_state_name(order[i]));
	return warden_error_set(err, "Container state must be one of '%s', current state is '%s'",
				names, container_state_name(c->state));
}

/* Field 1 of every request with states is `required bytes handle`. */
static int dispatch_find_container(struct request *request, struct warden_error *err)
{
	const ProtobufCFieldDescriptor *field =
		protobuf_c_message_descriptor_get_field(request->handler->message, 1);
	const ProtobufCBinaryData *bytes =
		(const void *)((const char *)request->message + field->offset);
	char *handle = request_text(bytes, "handle", HANDLE_MAX, err);
	struct container *c;

	if (!handle)
		return -1;
	c = registry_find_handle(&request->server->registry, handle);
	free(handle);
	if (!c || c->state == STATE_BORN)
		return warden_error_set(err, "unknown handle");
	request->container = c;
	container_reference(c, request->connection);
	return dispatch_check_state(c, request->handler->states, err);
}

/* During a drain no request begins. The first that is refused is the connection's last, so that a
 * client which has sent thousands does not hold the daemon. */
static int dispatch_refuse_in_drain(struct request *request, struct warden_error *err)
{
	if (!request->server->draining)
		return 0;
	if (request->connection)
		request->connection->closing = true;
	return warden_error_set(err, "the daemon is about to end");
}

/* A client that may only read is refused everything else, whatever the fields say. */
static int dispatch_check_access(const struct request *request, struct warden_error *err)
{
	if (request->handler->needs <= request->connection->access &&
	    request->handler->needs != ACCESS_NONE)
		return 0;
	return warden_error_set(err,
				"access denied: uid %u may only read; clients.users or "
				"clients.groups of the daemon's settings allows %s",
				(unsigned)request->connection->uid, request->handler->name);
}

static void dispatch_run(struct request *request)
{
	struct warden_error err;

	if (request->handler->waits)
		request_audit(request, "begun");
	PROBE2(request_begin, request->handler->name,
	       request->container ? request->container->id : "");
	log_write(WARDEN_LOG_DEBUG, "%s%s%s", request->container ? request->container->handle : "",
		  request->container ? ": " : "", request->handler->name);
	if (request->handler->run(request, &err) < 0)
		request_fail(request, &err);
}

static int dispatch_admit_run(struct operation *operation, struct warden_error *err)
{
	const struct request *request = operation->data;
	const struct server *server = request->server;

	return BACKEND_CALL(server->container_klass, operation->container->id, admit, err,
			    server->backend, operation->container->backend, request->handler->name);
}

static void dispatch_admit_done(struct operation *operation, int result, struct warden_error *err)
{
	struct request *request = operation->data;

	request->admitting = false;
	/* The container may have changed while the worker ran, and the daemon be ending. */
	if (result == 0 && request->handler->waits)
		result = dispatch_refuse_in_drain(request, err);
	if (result == 0 && !request->container->handle_known)
		result = warden_error_set(err, "unknown handle");
	if (result == 0)
		result = dispatch_check_state(request->container, request->handler->states, err);
	if (result < 0)
		request_fail(request, err);
	else if (!request->connection && request->handler->cancel)
		request_fail_text(request, "the client has left");
	else
		dispatch_run(request);
	free(operation);
}

/* Queues the backend's admit, which may refuse or delay the request. False: no memory. */
static bool dispatch_queue_admission(struct request *request)
{
	struct operation *operation = calloc(1, sizeof(*operation));

	if (!operation)
		return false;
	operation->run = dispatch_admit_run;
	operation->done = dispatch_admit_done;
	operation->data = request;
	request->admitting = true;
	container_queue(request->container, operation);
	return true;
}

static void dispatch_begin(struct request *request)
{
	struct warden_error err;

	if (dispatch_check_access(request, &err) < 0 ||
	    dispatch_refuse_in_drain(request, &err) < 0 ||
	    client_account_check_requests(request->server->config, request->account, &err) < 0 ||
	    (request->handler->states != 0 && dispatch_find_container(request, &err) < 0)) {
		request_fail(request, &err);
		return;
	}
	if (!request->container || !request->server->container_klass->admit ||
	    !request->container->alive || request->container->destroy.started) {
		dispatch_run(request);
	} else if (!dispatch_queue_admission(request)) {
		request_fail_text(request, "no memory");
	}
}

static struct request *dispatch_new_request(struct connection *connection,
					    const struct request_handler *handler,
					    ProtobufCMessage *message, size_t size)
{
	struct request *request = calloc(1, sizeof(*request));

	if (!request)
		return NULL;
	request->handler = handler;
	request->server = connection->server;
	request->connection = connection;
	request->message = message;
	request->account = connection->account;
	request->account->requests++;
	request->account->bytes += size;
	request->pid = connection->pid;
	request->size = size;
	request->begun_ns = uv_hrtime();
	request->server->metrics.requests[handler->type].begun++;
	connection->request = request;
	return request;
}

static int dispatch_message(struct connection *connection, const Warden__Message *message,
			    struct warden_error *err)
{
	const struct request_handler *handler =
		dispatch_find_handler(connection->server, message->type);
	ProtobufCMessage *decoded;
	struct request *request;

	if (!handler) {
		dispatch_refuse_type(connection, message->type);
		return 0;
	}
	decoded = protobuf_c_message_unpack(handler->message, NULL, message->payload.len,
					    message->payload.data);
	if (!decoded)
		return warden_error_set(err, "Invalid frame: its payload is no %s request",
					handler->name);
	request = dispatch_new_request(connection, handler, decoded, message->payload.len);
	if (!request) {
		protobuf_c_message_free_unpacked(decoded, NULL);
		return warden_error_set(err, "no memory for a request");
	}
	dispatch_begin(request);
	return 0;
}

int dispatch_frame(struct connection *connection, const uint8_t *payload, size_t size,
		   struct warden_error *err)
{
	Warden__Message *message = warden__message__unpack(NULL, size, payload);
	int result;

	if (!message)
		return warden_error_set(err, "Invalid frame: its payload is no message");
	result = dispatch_message(connection, message, err);
	warden__message__free_unpacked(message, NULL);
	return result;
}
