/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the network. */
#ifndef BACKENDS_LINUX_NET_NET_PRIVATE_H
#define BACKENDS_LINUX_NET_NET_PRIVATE_H

#include "backends/linux/host/depot_mark.h"
#include "backends/linux/net/net.h"
#include "backends/linux/net/net_link.h"
#include "backends/linux/net/netlink.h"

/* Queue of removals and the thread that removes many at a time. */
struct link_removal {
	const struct warden_host *host;
	struct netlink_pool *sockets;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct net_removal *first, **last; /* the queue */
	bool started, ending;
	pthread_t thread;
};

struct net {
	const struct warden_host *host;
	struct netlink_pool sockets; /* in the daemon's network namespace */
	struct link_removal remover;
	bool has_ipv6;              /* the kernel has it */
	char mark[DEPOT_MARK_SIZE]; /* the alias of the links */
};

void link_removal_init(struct link_removal *remover, const struct warden_host *host,
		       struct netlink_pool *sockets);

/* Returns when the queue is empty and the thread has ended. */
void link_removal_free(struct link_removal *remover);

/* Removes both links of a container synchronously; missing links are no failure. */
int link_removal_remove(struct netlink_pool *sockets, const char *id, struct warden_error *err);

#endif
