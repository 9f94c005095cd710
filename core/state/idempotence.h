/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that may be sent twice: the same `request_id` with the same parameters gives the same
 * answer, also after a restart; with others an error; while the first is still being carried out,
 * the second waits for its answer.
 *
 * An id is known by the type of its request. What is remembered of it is a digest of the request
 * and the answer, as long as the container lives that the request concerned: of each container the
 * last 256, in its snapshot. A request that failed is forgotten, so that it may be tried again.
 *
 * How a request uses it (without an id the entry is NULL, which all of these take):
 *
 *	static const struct idempotence_use use = {&warden__spawn_response__descriptor, repeat};
 *
 *	switch (idempotence_begin(request, message->has_request_id ? &message->request_id : NULL,
 *				  &use, &entry, err)) {
 *	case -1: return -1;  the id is not one, or stands for another request
 *	case 1:  return 0;   `repeat` has answered, or will
 *	}
 *	idempotence_promise(entry, container, &answer.base);  before the snapshot is made
 *	...
 *	idempotence_keep(entry);        it has succeeded: those that wait are answered by `repeat`
 *	idempotence_fail(entry, &err);  it has failed, and so have those that wait
 *
 * After a begin of 0 exactly one of the last two is called, on each way out; idempotence_fail also
 * where nothing was promised yet, and before the request's own request_fail, so that a client may
 * try again at once. Everything is the loop thread's.
 */
#ifndef CORE_STATE_IDEMPOTENCE_H
#define CORE_STATE_IDEMPOTENCE_H

#include <jansson.h>

#include "core/wire/request.h"

enum { REQUEST_ID_MAX = 128 /* bytes */, REQUEST_IDS_MAX = 256 /* of a container */ };

struct idempotent; /* what is known of an id */

struct idempotence_use {
	const ProtobufCMessageDescriptor *answer; /* of the message that is promised */
	/* Answers a request that came before with what was promised then, for `container`. The
	 * client may have left (request->connection is NULL); it has to be answered all the same.
	 */
	void (*repeat)(struct request *request, struct container *container,
		       const ProtobufCMessage *answer);
};

/* `id` may be NULL or empty: there is none. `use` must stay. */
int idempotence_begin(struct request *request, const ProtobufCBinaryData *id,
		      const struct idempotence_use *use, struct idempotent **entry,
		      struct warden_error *err);

/* The answer that will be given if all goes well; from now on it is part of the container's
 * snapshots. -1 and `err`: no memory. */
int idempotence_promise(struct idempotent *entry, struct container *container,
			const ProtobufCMessage *answer, struct warden_error *err);
void idempotence_keep(struct idempotent *entry);
void idempotence_fail(struct idempotent *entry, const struct warden_error *err);

/* The container is gone, and with it what was remembered for it. */
void idempotence_forget(struct container *container);

/* For the snapshot. */
json_t *idempotence_to_json(const struct container *container);
/* False: it is damaged. NULL is none. */
bool idempotence_from_json(struct container *container, const json_t *array);

#endif
