/* SPDX-License-Identifier: Apache-2.0 */
/* Puts messages about links, addresses, neighbours and routes into a batch; computes the names,
 * indexes and hardware addresses of a container's links. */
#ifndef BACKENDS_LINUX_NET_NET_LINK_H
#define BACKENDS_LINUX_NET_NET_LINK_H

#include <linux/if_ether.h>
#include <net/if.h>

#include "backends/linux/net/netlink.h"

/* Index of the container's end: a new namespace has no other links but loopback and, on some
 * kernels, tunnels with small indexes. */
#define NET_CONTAINER_INDEX 1000

enum net_end { NET_HOST_END, NET_CONTAINER_END, NET_IFB };

/* A link of a container. */
struct net_link {
	char name[IF_NAMESIZE];
	int index;
	uint8_t address[ETH_ALEN];
};

/* Writes only the name of a link. */
void net_link_name(char name[IF_NAMESIZE], const char *id, enum net_end end);

/* Fills in a link. The indexes on the host are derived from the container's own /30, so that a link
 * can be referred to in the batch that makes it; hardware addresses are derived from the IP
 * addresses. */
void net_link_get(struct net_link *link, const struct warden_identity *identity, enum net_end end);

/* Size of a batch for net.c. */
#define NET_BATCH_SIZE (16 * NETLINK_MESSAGE_MAX)

/* Makes a veth pair, with the peer in the namespace `netns_fd`. The host's end has ARP off, so that
 * the container cannot fill or falsify the host's neighbour table. */
void net_put_veth(struct netlink_batch *batch, const struct net_link *link, uint32_t group,
		  const struct net_link *peer, int netns_fd, uint32_t mtu);
void net_put_ifb(struct netlink_batch *batch, const struct net_link *link, uint32_t mtu);

/* Also sets the link's alias, unless it is empty. */
void net_put_up(struct netlink_batch *batch, int index, const char *alias);

/* Keeps the kernel from giving the link an IPv6 address when it comes up. Before that, and only if
 * the link has IPv6 at all. */
void net_put_no_ipv6_address(struct netlink_batch *batch, int index);

/* Takes the address ::1 from a loopback link that is up. */
void net_put_no_loopback_ipv6(struct netlink_batch *batch, int index);

/* Allows the host's addresses 127.0.0.0/8 on the link (route_localnet). */
void net_put_route_localnet(struct netlink_batch *batch, int index);

/* Adds an address of a /30. */
void net_put_address(struct netlink_batch *batch, int index, struct in_addr address);

/* Adds a permanent neighbour, which is never resolved by ARP. */
void net_put_neighbour(struct netlink_batch *batch, int index, struct in_addr address,
		       const uint8_t *hardware);
void net_put_default_route(struct netlink_batch *batch, int index, struct in_addr gateway);

/* Moves a link, by name, to a group; removes a link, and all links of a group. */
void net_put_group(struct netlink_batch *batch, const char *name, uint32_t group);
void net_put_remove(struct netlink_batch *batch, const char *name);
void net_put_remove_group(struct netlink_batch *batch, uint32_t group);

/* Requests a link; send it with netlink_ask and net_is_running as callback: `data` is a bool, set
 * to true once the link carries packets. */
void net_put_get(struct netlink_batch *batch, int index);
int net_is_running(const struct nlmsghdr *nlh, void *data);

/* Requests the counters of a link; send it with netlink_ask and net_find_stats as callback: `data`
 * is a struct warden_info, filled in from the point of view of the other end. */
void net_put_get_stats(struct netlink_batch *batch, int index);
int net_find_stats(const struct nlmsghdr *nlh, void *data);

/* A request that makes no link: the error says whether the kernel knows this kind. */
void net_put_probe(struct netlink_batch *batch, const char *kind);

#endif
