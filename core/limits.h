/* SPDX-License-Identifier: Apache-2.0 */
/* The limits of a container. What was asked for is the core's: it is in the snapshot and applied
 * again after a restart; what is in force only the backend knows. */
#ifndef CORE_LIMITS_H
#define CORE_LIMITS_H

#include <jansson.h>

#include "core/container.h"

/* What memory_bytes is where there is no limit. */
#define LIMITS_NO_MEMORY UINT64_C(9223372036854771712)

/* A number of a request's: what means "not asked" in warden_limits becomes the one below. */
static inline uint64_t limits_number(uint64_t asked)
{
	return asked == WARDEN_UNKNOWN ? WARDEN_UNKNOWN - 1 : asked;
}

/* Those of `limits` whose text is the core's own; limits_free frees it and forgets all. */
void limits_free(struct warden_limits *limits);

/* Takes over what `from` holds. False: no memory, and nothing has changed. */
bool limits_merge(struct warden_limits *limits, const struct warden_limits *from);

/* Forgets what `other` does not hold. */
void limits_mask(struct warden_limits *limits, const struct warden_limits *other);

/* Whether it holds anything. */
bool limits_any(const struct warden_limits *limits);

/* Whether the container's memory is limited because somebody asked for it. */
bool limits_memory(const struct warden_limits *limits);

/* For the snapshot; limits_read leaves out what is not whole. */
json_t *limits_to_json(const struct warden_limits *limits);
void limits_read(struct warden_limits *limits, const json_t *json);

/* Worker thread: sets what was asked of a container that the backend has just made or found. */
int limits_apply(struct container *container, struct warden_error *err);

/* Worker thread: what is in force, with a text of its own. */
int limits_ask(struct container *container, struct warden_limits *in_force,
	       struct warden_error *err);

/* Sets limits for a request, all or none of those in `asked`, which is copied; none: only asks.
 * `done` answers the request, once they are in the snapshot. */
int limits_request(struct request *request, const struct warden_limits *asked,
		   void (*done)(struct request *, const struct warden_limits *in_force),
		   struct warden_error *err);

#endif
