/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container's network: a veth pair (w-ID-0 on the host, w-ID-1 in the container), the ifb
 * w-ID-2 on the host, their addresses, neighbours and routes. The firewall is in firewall.h.
 *
 * Thread-safe except net_setup and net_free. No function changes the network namespace of its
 * caller.
 */
#ifndef BACKENDS_LINUX_NET_NET_H
#define BACKENDS_LINUX_NET_NET_H

#include "warden/backend.h"

struct net;

/* Link groups (IFLA_GROUP): every w-ID-0 is in NET_GROUP from birth and in the one above it while
 * it is being removed. So the firewall identifies a container's link with one comparison, even if
 * it does not know the container. */
#define NET_GROUP          0x77617264u /* "ward" */
#define NET_GROUP_REMOVING (NET_GROUP + 1)

/* Checks that the kernel has the link kinds needed, and turns ip_forward on. */
int net_setup(const struct warden_host *host, struct net **net, struct warden_error *err);

/* Fails where net_setup would, and changes nothing. */
int net_check(struct warden_error *err);

/* net_forwarding_enable turns ip_forward on, without which no packet leaves a container, and
 * records in the depot that it was off, or warns if it cannot. It stays on when the daemon ends,
 * because containers live on. net_forwarding_check: whether it is on or could be turned on.
 * net_forwarding_is_ours: 1 if it is on and the record says that a daemon of this depot turned it
 * on in this network namespace since the boot, else 0; -1 and `err`. net_forwarding_disable turns
 * it off and forgets the record. */
int net_forwarding_enable(const struct warden_host *host, struct warden_error *err);
int net_forwarding_check(struct warden_error *err);
int net_forwarding_is_ours(const struct warden_host *host, struct warden_error *err);
int net_forwarding_disable(const struct warden_host *host, struct warden_error *err);

/* Checks, on a new link of the caller's network namespace, that the kernel has the filters of
 * frames without which no container gets a link. */
int net_probe_filter(struct warden_error *err);

/* Waits until all removals that were started are done. */
void net_free(struct net *net);

/* Opens the netlink socket that net_make needs. Call it in a process in the container's network
 * namespace. Takes no lock and allocates no memory. */
int net_open_inside(int *rtnl_fd, struct warden_error *err);

/* Turns IPv6 off for links that are made later, and allows the group ids from `first_gid` on
 * (65,536 of them; 0 without a user namespace) to ping. Call it in a process in the container's
 * network namespace and the host's user namespace, before anything else runs there. `proc_fd` is a
 * mount of proc, preferably a new one: with the host's the time grows with the number of
 * containers. */
int net_configure_inside(int proc_fd, gid_t first_gid, struct warden_error *err);

/* Makes the container's links and configures both ends. `netns_fd` is the container's network
 * namespace, `rtnl_fd` a NETLINK_ROUTE socket from inside it; the caller keeps both. Packets pass
 * only after firewall_add, which may be called before or after this. */
int net_make(struct net *net, const struct warden_identity *identity, int netns_fd, int rtnl_fd,
	     struct warden_error *err);

/* Gives the link of a container of a previous daemon its filter of frames. */
int net_restore(struct net *net, const struct warden_identity *identity, struct warden_error *err);

/* Allows connections from the host to a forwarded port of 127.0.0.0/8 over the container's link.
 * The firewall drops packets from the container to these addresses. */
int net_open_loopback(struct net *net, const struct warden_identity *identity,
		      struct warden_error *err);

/* The rate that means no limit. */
#define NET_NO_RATE UINT64_C(4294967295)

/* net_set_bandwidth limits both directions to `rate` bytes per second with bursts of `burst` bytes,
 * all or nothing. net_get_rate reads the rate in force, net_info the traffic counters as the
 * container sees them. */
int net_set_bandwidth(struct net *net, const struct warden_identity *identity, uint64_t rate,
		      uint64_t burst, struct warden_error *err);
int net_get_rate(struct net *net, const struct warden_identity *identity, uint64_t *rate,
		 struct warden_error *err);
int net_info(struct net *net, const struct warden_identity *identity, struct warden_info *info,
	     struct warden_error *err);

/* Starts to remove the links of a container, then its tracked connections; missing links are no
 * failure. `removed` is called with `data` on another thread once the names, addresses and indexes
 * of the links can be used again. Removals are batched; one takes about 70 ms. If no thread can be
 * started, `removed` is called before this returns. Returns 0, or -1 and `err`: then `removed` is
 * not called, and the caller tries again. */
int net_remove(struct net *net, const struct warden_identity *identity, void (*removed)(void *data),
	       void *data, struct warden_error *err);

/* For a clean, without net_setup. Finds the links of containers in this network namespace: the end
 * is 0 for w-ID-0 and 2 for w-ID-2, the mark that of a depot or another text. */
typedef void net_clean_found(void *data, const char *id, int end, const char *mark);
int net_clean_find(net_clean_found *found, void *data, struct warden_error *err);
int net_clean_remove(const char *id, int end, struct warden_error *err);

/* Whether `name` has the form w-ID-0 or w-ID-2. */
bool net_clean_parse_name(const char *name, char id[12], int *end);

#endif
