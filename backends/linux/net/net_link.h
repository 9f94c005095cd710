/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about links, addresses, neighbours and routes, each put into a batch; and the names,
 * numbers and hardware addresses of a container's links. */
#ifndef BACKENDS_LINUX_NET_NET_LINK_H
#define BACKENDS_LINUX_NET_NET_LINK_H

#include <linux/if_ether.h>
#include <net/if.h>

#include "backends/linux/net/netlink.h"

/* The container's end: no other link is in a namespace that was just made, but some kernels put
 * tunnels of their own there, with small numbers. */
#define NET_CONTAINER_INDEX 1000

enum net_end { NET_HOST_END, NET_CONTAINER_END, NET_IFB };

/* A link of a container. */
struct net_link {
	char name[IF_NAMESIZE];
	int index;
	uint8_t address[ETH_ALEN];
};

/* Fills in `name` alone. */
void net_link_name(char name[IF_NAMESIZE], const char *id, enum net_end end);

/* The numbers of the links on the host follow from the /30, which is nobody else's, so that a link
 * can be named in the batch that makes it; the hardware addresses from the IP addresses. */
void net_link_get(struct net_link *link, const struct warden_identity *identity, enum net_end end);

/* What a batch of net.c can hold. */
#define NET_BATCH_SIZE (16 * NETLINK_MESSAGE_MAX)

/* A veth pair; our end neither asks nor answers by ARP, so that nobody on the other one can fill or
 * falsify the host's table; the other end in the namespace `netns_fd`. */
void net_put_veth(struct netlink_batch *batch, const struct net_link *link, uint32_t group,
		  const struct net_link *peer, int netns_fd, uint32_t mtu);
void net_put_ifb(struct netlink_batch *batch, const struct net_link *link, uint32_t mtu);

void net_put_up(struct netlink_batch *batch, int index);

/* Lets the addresses 127.0.0.0/8 of this host pass over the link. */
void net_put_route_localnet(struct netlink_batch *batch, int index);

/* An address of a /30. */
void net_put_address(struct netlink_batch *batch, int index, struct in_addr address);

/* A neighbour that never is asked for. */
void net_put_neighbour(struct netlink_batch *batch, int index, struct in_addr address,
		       const uint8_t *hardware);
void net_put_default_route(struct netlink_batch *batch, int index, struct in_addr gateway);

/* Moves a link, by its name, to a group; removes all links of a group. */
void net_put_group(struct netlink_batch *batch, const char *name, uint32_t group);
void net_put_remove_group(struct netlink_batch *batch, uint32_t group);

/* Asks for a link, to be sent with netlink_ask; net_is_running is what takes the answer: `data` is
 * a bool, true once the link carries packets. */
void net_put_get(struct netlink_batch *batch, int index);
int net_is_running(const struct nlmsghdr *nlh, void *data);

/* Asks for what has passed a link; net_find_stats is what takes the answer: `data` is a struct
 * warden_info, which is told it as the other end sees it. */
void net_put_get_stats(struct netlink_batch *batch, int index);
int net_find_stats(const struct nlmsghdr *nlh, void *data);

/* A request that makes nothing: the error tells whether the kernel knows this kind of link. */
void net_put_probe(struct netlink_batch *batch, const char *kind);

#endif
