/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container's network: a veth pair, w-ID-0 on the host and w-ID-1 in the container, the ifb
 * w-ID-2 on the host, their addresses, neighbours and routes. The firewall is in firewall.h.
 *
 * Every function but net_setup and net_free may be called from several threads at once. No function
 * changes the namespace of its caller.
 */
#ifndef BACKENDS_LINUX_NET_NET_H
#define BACKENDS_LINUX_NET_NET_H

#include "warden/backend.h"

struct net;

/* Every w-ID-0 is in this group of links (IFLA_GROUP) from birth, and in the one above it while it
 * is being removed: by that the firewall tells a container's link from any other, with one
 * comparison, whether it knows the container or not. */
#define NET_GROUP          0x77617264u /* "ward" */
#define NET_GROUP_REMOVING (NET_GROUP + 1)

/* Checks that the kernel has what is needed and turns ip_forward on. */
int net_setup(const struct warden_host *host, struct net **net, struct warden_error *err);

/* Waits until all removals that were begun are done. */
void net_free(struct net *net);

/* To be called by a process in the container's network namespace: opens the socket that net_make
 * needs. Uses no lock and no memory of malloc's. */
int net_open_inside(int *rtnl_fd, struct warden_error *err);

/* To be called by a process in the container's network namespace and the host's user namespace,
 * before anything else runs in there: turns IPv6 off, and lets the group ids from `first_gid` on
 * (65,536 of them; 0 without a user namespace) ping. `proc_fd` is a mount of proc, best one that
 * was just made: with the host's this takes the longer the more containers there are. */
int net_configure_inside(int proc_fd, gid_t first_gid, struct warden_error *err);

/* Makes the container's links and configures both ends. `netns_fd` is the container's network
 * namespace, `rtnl_fd` a NETLINK_ROUTE socket from in there; both stay the caller's. Packets pass
 * only once firewall_add was called too, in whichever order. */
int net_make(struct net *net, const struct warden_identity *identity, int netns_fd, int rtnl_fd,
	     struct warden_error *err);

/* Lets connections of the host to a port of 127.0.0.0/8 that is forwarded go over the container's
 * link. What comes from the container for these addresses the firewall drops. */
int net_open_loopback(struct net *net, const struct warden_identity *identity,
		      struct warden_error *err);

/* What a rate is that limits nothing. */
#define NET_NO_RATE UINT64_C(4294967295)

/* Limits both directions to `rate` bytes a second with bursts of `burst` bytes, whole or not at
 * all. The rate that is in force. What has passed, as the container sees it. */
int net_set_bandwidth(struct net *net, const struct warden_identity *identity, uint64_t rate,
		      uint64_t burst, struct warden_error *err);
int net_get_rate(struct net *net, const struct warden_identity *identity, uint64_t *rate,
		 struct warden_error *err);
int net_info(struct net *net, const struct warden_identity *identity, struct warden_info *info,
	     struct warden_error *err);

/* Begins to remove the links of a container, those that are there, and then its connections out of
 * the kernel's table. `removed` is called with `data`
 * on another thread when they are gone and the names, addresses and numbers of links may be used
 * again: many containers' links go in one batch, some 70 ms later. */
void net_remove(struct net *net, const struct warden_identity *identity,
		void (*removed)(void *data), void *data);

#endif
