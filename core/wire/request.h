/* SPDX-License-Identifier: Apache-2.0 */
/* A request from its frame to its answer. How to add one: see proto/requests.h. */
#ifndef CORE_WIRE_REQUEST_H
#define CORE_WIRE_REQUEST_H

#include "core/container/container.h"
#include "core/server.h"
#include "core/wire/connection.h"
#include "proto/requests.h"
#include "proto/warden.pb-c.h"

struct request_handler {
	int type; /* of Warden__Message__Type; an answer has it too */
	const char *name;
	const ProtobufCMessageDescriptor *message;
	/* States in which the container that field 1 names may be; 0: it names none. */
	unsigned states;
	bool waits; /* for a job's end: what a drain ends */
	/* Answers, now or later; -1 and `err`: the dispatcher answers. */
	int (*run)(struct request *request, struct warden_error *err);
	/* Optional: the client has left. True: nothing refers to the request any more, it is freed.
	 * False, or NULL: it runs to its end, and its answer goes nowhere. */
	bool (*cancel)(struct request *request);
	/* Optional: the answer has been written (true), or never will be. */
	void (*written)(struct request *request, bool whole);
};

struct request {
	const struct request_handler *handler;
	struct server *server;
	struct connection *connection; /* NULL: the client has left */
	struct container *container;   /* as field 1 names it */
	ProtobufCMessage *message;
	void *data;        /* the container_klass's; not freed here */
	uint64_t begun_ns; /* of uv_hrtime */
	bool answered;
	bool admitting; /* the backend is asked whether it may begin */
};

/* Takes a frame's payload; 0, or -1 and `err` where the connection must close. */
int dispatch_frame(struct connection *connection, const uint8_t *payload, size_t size,
		   struct warden_error *err);

/* Answers and ends the request, which may not be touched afterwards. */
void request_answer(struct request *request, const ProtobufCMessage *answer);
void request_answer_empty(struct request *request);
void request_fail(struct request *request, const struct warden_error *err);
void request_fail_text(struct request *request, const char *text);
/* As request_answer, for an answer that is already encoded; the segments are taken. */
void request_answer_segments(struct request *request, struct segment_list *payload);

/* Sends a part of the answer, encoded; the request goes on, and `written` is called. Takes the
 * segments. */
void request_send_part(struct request *request, struct segment_list *payload);

/* All that was sent is written, or the connection has closed. */
void request_written(struct request *request, bool whole);
/* The client has left. */
void request_abandon(struct request *request);

/* The table of requests; dispatch finds it in the server. */
const struct request_handler *const *request_handlers(size_t *n);

/* An error frame without a request. */
void connection_send_error(struct connection *connection, const char *text);

/* A bytes field, checked to be UTF-8 without NUL; NULL and `err` otherwise, naming `field`.
 * malloc'd. */
char *request_text(const ProtobufCBinaryData *bytes, const char *field, size_t max,
		   struct warden_error *err);

/* The handlers, each defined in a file of core/requests/: create_request, stop_request, ... */
#define REQUEST_DECLARE(Type, name) extern const struct request_handler name##_request;
REQUESTS(REQUEST_DECLARE)
#undef REQUEST_DECLARE

#endif
