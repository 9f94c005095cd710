/* SPDX-License-Identifier: Apache-2.0 */
/* The limits of a container. The core keeps the requested limits in the snapshot and applies them
 * again after a restart; only the backend knows the limits in force. */
#ifndef CORE_LIMITS_LIMITS_H
#define CORE_LIMITS_LIMITS_H

#include <jansson.h>

#include "core/container/container.h"
#include "proto/warden.pb-c.h"

/* The values of memory_bytes, and of bandwidth_rate and bandwidth_burst, if there is no limit. */
#define LIMITS_NO_MEMORY UINT64_C(9223372036854771712)
#define LIMITS_NO_RATE   UINT64_C(4294967295)

/* A number of a request. The value that means "not requested" in warden_limits is replaced by the
 * next lower one. */
static inline uint64_t limits_number(uint64_t asked)
{
	return asked == WARDEN_UNKNOWN ? WARDEN_UNKNOWN - 1 : asked;
}

/* For limits whose text the core owns: frees the text and clears all. */
void limits_free(struct warden_limits *limits);

/* Copies the limits that `from` contains. False: no memory, and nothing has changed. */
bool limits_merge(struct warden_limits *limits, const struct warden_limits *from);

/* Clears the limits that `other` does not contain. */
void limits_mask(struct warden_limits *limits, const struct warden_limits *other);

/* Whether any limit is set. */
bool limits_any(const struct warden_limits *limits);

/* Whether a client has limited the memory. */
bool limits_memory(const struct warden_limits *limits);

/* Reads the limits of a request (NULL: none); limits_free frees them. -1 and `err`: names the
 * invalid field, nothing to free. */
int limits_from_message(struct warden_limits *limits, const struct server *server,
			const Warden__Limits *message, struct warden_error *err);

/* Fills the message, which refers to the text of `limits`. */
void limits_to_message(Warden__Limits *message, const struct warden_limits *limits);

/* Takes bandwidth; what no queue can have becomes the nearest value that it can. */
void limits_take_bandwidth(struct warden_limits *limits, uint64_t rate, uint64_t burst);

/* Quota blocks for a number of bytes, rounded up, and bytes of a number of blocks. */
uint64_t limits_blocks(uint64_t bytes);
uint64_t limits_bytes(uint64_t blocks);

/* Whether the text is what an error of a backend's set_limits may begin with: a name of a limit. */
bool limits_is_name(const char *text, size_t length);

/* For the snapshot; limits_read ignores invalid values. False: no memory. */
json_t *limits_to_json(const struct warden_limits *limits);
bool limits_read(struct warden_limits *limits, const json_t *json);

/* Worker thread: applies the requested limits to a container that the backend has just created or
 * restored. */
int limits_apply(struct container *container, struct warden_error *err);

/* Worker thread: reads the limits in force; limits_free frees the text. */
int limits_ask(struct container *container, struct warden_limits *in_force,
	       struct warden_error *err);

/* Sets the limits in `asked`, which is copied, all or none; if it is empty only reads those in
 * force. `done` answers the request after they are in the snapshot. An error about a limit begins
 * with `label`, or with its field name in Limits if that is NULL. */
int limits_request(struct request *request, const struct warden_limits *asked, const char *label,
		   void (*done)(struct request *, const struct warden_limits *in_force),
		   struct warden_error *err);

#endif
