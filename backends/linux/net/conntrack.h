/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's table of connections, by its netlink interface. */
#ifndef BACKENDS_LINUX_NET_CONNTRACK_H
#define BACKENDS_LINUX_NET_CONNTRACK_H

#include "warden/backend.h"

/* Removes the connections of containers that are gone, by their addresses, in one pass over the
 * table. An established one lives for days, and would let the next container with this address
 * reach what the last one was allowed. */
int conntrack_forget(const struct in_addr *addresses, size_t n, struct warden_error *err);

/* Ports of UDP that are led to a container from now on. */
struct conntrack_forwards {
	struct in_addr container;
	const uint16_t *ports; /* host byte order */
	size_t n;
	struct in_addr pool; /* the first of all containers' addresses */
	uint32_t pool_addresses;
};

/* Removes what the kernel takes for connections to these ports: datagrams that were not translated,
 * or went to another container. While they come without a pause they would go on to there. */
int conntrack_forget_forwarded(const struct conntrack_forwards *forwards, struct warden_error *err);

#endif
