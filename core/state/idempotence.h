/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that may be sent twice. The same `request_id` with the same parameters gives the same
 * answer, also after a restart; with other parameters it gives an error. While the first request
 * runs, the second waits for its answer.
 *
 * Ids are separate for each type of request. A container's log of jobs stores its last 256 ids,
 *each with a digest of the request and the answer; they are dropped with the container. The id of a
 * failed request is dropped, so that the client can retry.
 *
 * How a request uses it (without an id the entry is NULL, which all functions accept):
 *
 *	static const struct idempotence_use use = {&warden__spawn_response__descriptor, repeat};
 *
 *	switch (idempotence_begin(request, message->has_request_id ? &message->request_id : NULL,
 *				  &use, &entry, err)) {
 *	case -1: return -1;  the id is invalid, or was used for another request
 *	case 1:  return 0;   `repeat` has answered, or will
 *	}
 *	idempotence_promise(entry, container, &answer.base);  before its operation begins
 *	...
 *	idempotence_keep(entry);        succeeded: `repeat` answers the waiting requests
 *	idempotence_fail(entry, &err);  failed: the waiting requests fail too
 *
 * After a begin of 0 exactly one of the last two must be called on every path. Call
 * idempotence_fail before request_fail, so that the client can retry at once; it may be called
 * without a promise. All functions run on the loop thread.
 */
#ifndef CORE_STATE_IDEMPOTENCE_H
#define CORE_STATE_IDEMPOTENCE_H

#include <jansson.h>

#include "core/wire/request.h"

enum { REQUEST_ID_MAX = 128 /* bytes */, REQUEST_IDS_MAX = 256 /* of a container */ };

struct idempotent; /* an id and its answer */

struct idempotence_use {
	const ProtobufCMessageDescriptor *answer; /* type of the promised answer */
	/* Answers a repeated request with the answer promised for `container`. It must answer even
	 * if the client has left (request->connection is NULL). */
	void (*repeat)(struct request *request, struct container *container,
		       const ProtobufCMessage *answer);
};

/* 0: the request shall run, `*entry` is its id (NULL if `id` is NULL or empty); 1: `repeat` answers
 * it, now or later; -1 and `err`. `use` must stay valid. */
int idempotence_begin(struct request *request, const ProtobufCBinaryData *id,
		      const struct idempotence_use *use, struct idempotent **entry,
		      struct warden_error *err);

/* Stores the answer for the case that the request succeeds; its record waits to be
 * written by the container's next operation that stores something. -1 and `err`: no memory. */
int idempotence_promise(struct idempotent *entry, struct container *container,
			const ProtobufCMessage *answer, struct warden_error *err);
void idempotence_keep(struct idempotent *entry);
void idempotence_fail(struct idempotent *entry, const struct warden_error *err);

/* Drops the id that was promised this answer, so that the repeated request runs. False: there is
 * none, or no memory. */
bool idempotence_withdraw(struct container *container, const ProtobufCMessage *answer);

/* Drops the ids of a container that was destroyed. */
void idempotence_forget(struct container *container);

/* The ids of a container for its snapshot; the caller frees the array. NULL: no memory. */
json_t *idempotence_to_json(const struct container *container);
/* Restores an id as idempotence_to_json made it, in place of what is known of it; or drops it.
 * False: it is invalid, or no memory. */
bool idempotence_read(struct container *container, const json_t *json);
bool idempotence_read_gone(struct container *container, const json_t *json);
/* Restores ids from a snapshot; `array` may be NULL. False: it is invalid, or no memory. */
bool idempotence_from_json(struct container *container, const json_t *array);

#endif
