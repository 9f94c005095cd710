/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and their handlers, from the frame to the answer. proto/requests.h says how to add one.
 * All functions run on the loop thread. */
#ifndef CORE_WIRE_REQUEST_H
#define CORE_WIRE_REQUEST_H

#include "core/container/container.h"
#include "core/server.h"
#include "core/wire/connection.h"
#include "proto/requests.h"
#include "proto/warden.pb-c.h"

struct request_handler {
	int type;         /* Warden__Message__Type, of the request and of its answer */
	const char *name; /* as in proto/requests.h */
	const ProtobufCMessageDescriptor *message; /* of the request */
	enum access_class needs;                   /* what a client must be allowed */
	bool audited;                              /* each has a line in the audit log */
	/* Allowed states of the container whose handle is in field 1; 0: the request names none. */
	unsigned states;
	bool waits; /* runs until something else ends; a drain cancels it */
	/* Answers, now or later. On -1 the dispatcher answers with `err`. */
	int (*run)(struct request *request, struct warden_error *err);
	/* Optional. Called when the client has left. Returns true if nothing refers to the request
	 * any more; it is then freed. If it returns false or is NULL the request runs to its end,
	 * and its answer is discarded. */
	bool (*cancel)(struct request *request);
	/* Optional. Called when the answer or a part of it is written; `whole` is false if it never
	 * will be. */
	void (*written)(struct request *request, bool whole);
	/* Optional. Called when a drain is about to cancel the request; true: it is answered
	 * instead. */
	bool (*drain)(struct request *request);
};

struct request {
	const struct request_handler *handler;
	struct server *server;
	struct connection *connection;  /* NULL: the client has left */
	struct container *container;    /* named by field 1, or NULL */
	ProtobufCMessage *message;      /* decoded; owned */
	void *data;                     /* of the handler, which also frees it */
	struct client_account *account; /* of the client, which may have left */
	pid_t pid;                      /* of the client, when it connected */
	size_t size;                    /* of the message, as the account counts it */
	uint64_t begun_ns;              /* uv_hrtime, ns */
	bool answered;
	bool admitting; /* the backend's admit is queued or runs */
};

/* Dispatches the payload of a frame; -1 and `err` if the connection must close. */
int dispatch_frame(struct connection *connection, const uint8_t *payload, size_t size,
		   struct warden_error *err);

/* Each answers and ends the request, which the caller must not use afterwards. */
void request_answer(struct request *request, const ProtobufCMessage *answer);
void request_answer_empty(struct request *request);
void request_fail(struct request *request, const struct warden_error *err);
void request_fail_text(struct request *request, const char *text);
/* As request_answer, for an answer that is already encoded; takes the segments. */
void request_answer_segments(struct request *request, struct segment_list *payload);

/* Sends an encoded part of the answer. The request continues, and `written` is called. Takes the
 * segments. */
void request_send_part(struct request *request, struct segment_list *payload);

/* Called by the connection: all output is written (`whole`), or it has closed. */
void request_written(struct request *request, bool whole);
/* Called by the connection: the client has left. */
void request_abandon(struct request *request);

/* All handlers, in the order of their numbers. The dispatcher reads them from the server. */
const struct request_handler *const *request_handlers(size_t *n);

/* Adds the request to the audit log, if it belongs there. */
void request_audit(const struct request *request, const char *result);

/* Sends an error that belongs to no request. */
void connection_send_error(struct connection *connection, const char *text);

/* The text of a bytes field, malloc'd. NULL and `err`, which names `field`, if it is longer than
 * `max` bytes or not UTF-8 without NUL. */
char *request_text(const ProtobufCBinaryData *bytes, const char *field, size_t max,
		   struct warden_error *err);

/* The handlers, each defined in a file of core/requests/: create_request, stop_request, ... */
#define REQUEST_DECLARE(Type, name) extern const struct request_handler name##_request;
REQUESTS(REQUEST_DECLARE)
#undef REQUEST_DECLARE

#endif
