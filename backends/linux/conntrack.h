/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's table of connections, by its netlink interface. */
#ifndef BACKENDS_LINUX_CONNTRACK_H
#define BACKENDS_LINUX_CONNTRACK_H

#include "warden/backend.h"

/* Removes the connections of containers that are gone, by their addresses, in one pass over the
 * table. An established one lives for days, and would let the next container with this address
 * reach what the last one was allowed. */
int conntrack_forget(const struct in_addr *addresses, size_t n, struct warden_error *err);

#endif
