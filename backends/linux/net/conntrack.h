/* SPDX-License-Identifier: Apache-2.0 */
/* Deletes and marks entries of the kernel's connection tracking table, over netlink. */
#ifndef BACKENDS_LINUX_NET_CONNTRACK_H
#define BACKENDS_LINUX_NET_CONNTRACK_H

#include "warden/backend.h"

/* Deletes the connections of removed containers, by address, in one pass over the table. An
 * established connection lives for days and would let the next container with this address reach
 * what the previous one was allowed. */
int conntrack_forget(const struct in_addr *addresses, size_t n, struct warden_error *err);

/* UDP ports that are now forwarded to a container. */
struct conntrack_forwards {
	struct in_addr container;
	const uint16_t *ports; /* host byte order */
	size_t n;
	struct in_addr pool; /* the first address of the pool of all containers */
	uint32_t pool_addresses;
};

/* Deletes tracked UDP flows to these ports that are not translated or go to another container.
 * While their datagrams keep arriving, they would be sent there still. */
int conntrack_forget_forwarded(const struct conntrack_forwards *forwards, struct warden_error *err);

/* The addresses of all containers, and the bit that their allowed connections have. */
struct conntrack_pool {
	struct in_addr first;
	uint32_t n;
	uint32_t mark;
};

/* Deletes the connections of a pool without the mark, or gives it to them. */
int conntrack_forget_unmarked(const struct conntrack_pool *pool, struct warden_error *err);
int conntrack_mark(const struct conntrack_pool *pool, struct warden_error *err);

#endif
