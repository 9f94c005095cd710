/* SPDX-License-Identifier: Apache-2.0 */
/* The limits of a container. What was asked for is the core's: it is in the snapshot and applied
 * again after a restart; what is in force only the backend knows. */
#ifndef CORE_LIMITS_LIMITS_H
#define CORE_LIMITS_LIMITS_H

#include <jansson.h>

#include "core/container/container.h"
#include "proto/warden.pb-c.h"

/* What memory_bytes is where there is no limit, and bandwidth_rate and bandwidth_burst. */
#define LIMITS_NO_MEMORY UINT64_C(9223372036854771712)
#define LIMITS_NO_RATE   UINT64_C(4294967295)

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

/* Fills in what a client asks for (NULL: nothing), for limits_free; -1 and `err` name what cannot
 * be. */
int limits_from_message(struct warden_limits *limits, const struct server *server,
			const Warden__Limits *message, struct warden_error *err);

/* What a client is told; the message refers to `limits`. */
void limits_to_message(Warden__Limits *message, const struct warden_limits *limits);

/* A rate and a burst by the names that their request has for them. */
struct limits_bandwidth {
	uint64_t rate, burst;
	const char *rate_field, *burst_field;
};
int limits_take_bandwidth(struct warden_limits *limits, const struct server *server,
			  const struct limits_bandwidth *asked, struct warden_error *err);

/* Blocks of a quota for so many bytes, and bytes in so many blocks. */
uint64_t limits_blocks(uint64_t bytes);
uint64_t limits_bytes(uint64_t blocks);

/* For the snapshot; limits_read leaves out what is not whole. */
json_t *limits_to_json(const struct warden_limits *limits);
void limits_read(struct warden_limits *limits, const json_t *json);

/* Worker thread: sets what was asked of a container that the backend has just made or found. */
int limits_apply(struct container *container, struct warden_error *err);

/* Worker thread: what is in force, with a text of its own. */
int limits_ask(struct container *container, struct warden_limits *in_force,
	       struct warden_error *err);

/* Sets limits for a request, all or none of those in `asked`, which is copied; none: only asks.
 * `done` answers the request, once they are in the snapshot. `names`: an error begins with the name
 * of the field of Limits. */
int limits_request(struct request *request, const struct warden_limits *asked, bool names,
		   void (*done)(struct request *, const struct warden_limits *in_force),
		   struct warden_error *err);

#endif
