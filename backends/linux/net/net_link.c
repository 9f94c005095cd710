/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about links, addresses, neighbours and routes; see net_link.h. */
#include "backends/linux/net/net_link.h"

#include <arpa/inet.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <stdio.h>

/* Distinguishes the indexes of ifbs from those of veths. */
#define IFB_INDEX_BIT 0x40000000u

/* Locally administered, unicast. */
#define HARDWARE_PREFIX_0 0x0a
#define HARDWARE_PREFIX_1 0x57

void net_link_name(char name[IF_NAMESIZE], const char *id, enum net_end end)
{
	snprintf(name, IF_NAMESIZE, "w-%.11s-%d", id, (int)end);
}

void net_link_get(struct net_link *link, const struct warden_identity *identity, enum net_end end)
{
	uint32_t network = ntohl(identity->network.s_addr) >> 2;
	struct in_addr address =
		end == NET_CONTAINER_END ? identity->container_ip : identity->host_ip;

	net_link_name(link->name, identity->id, end);
	link->index = end == NET_CONTAINER_END
			      ? NET_CONTAINER_INDEX
			      : (int)(network | (end == NET_IFB ? IFB_INDEX_BIT : 0));
	link->address[0] = HARDWARE_PREFIX_0;
	link->address[1] = HARDWARE_PREFIX_1;
	memcpy(link->address + 2, &address, sizeof(address));
}

static struct ifinfomsg *net_link_put_header(struct nlmsghdr *nlh, int index, unsigned flags)
{
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(nlh, sizeof(*link));

	link->ifi_index = index;
	link->ifi_flags = flags;
	link->ifi_change = flags;
	return link;
}

/* The peer of a veth pair, nested in the link's data. */
static void net_link_put_peer(struct nlmsghdr *nlh, const struct net_link *peer, int netns_fd,
			      uint32_t mtu)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, VETH_INFO_PEER);

	net_link_put_header(nlh, peer->index, 0);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, peer->name);
	mnl_attr_put(nlh, IFLA_ADDRESS, sizeof(peer->address), peer->address);
	mnl_attr_put_u32(nlh, IFLA_MTU, mtu);
	mnl_attr_put_u32(nlh, IFLA_NET_NS_FD, (uint32_t)netns_fd);
	mnl_attr_nest_end(nlh, nest);
}

static struct nlmsghdr *net_link_put_new(struct netlink_batch *batch, const struct net_link *link,
					 unsigned flags, uint32_t mtu, const char *what)
{
	struct nlmsghdr *nlh = netlink_add(batch, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, what);

	net_link_put_header(nlh, link->index, flags);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, link->name);
	mnl_attr_put(nlh, IFLA_ADDRESS, sizeof(link->address), link->address);
	mnl_attr_put_u32(nlh, IFLA_MTU, mtu);
	return nlh;
}

void net_put_veth(struct netlink_batch *batch, const struct net_link *link, uint32_t group,
		  const struct net_link *peer, int netns_fd, uint32_t mtu)
{
	struct nlmsghdr *nlh = net_link_put_new(batch, link, IFF_NOARP, mtu, "make veth pair");
	struct nlattr *info, *data;

	mnl_attr_put_u32(nlh, IFLA_GROUP, group);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	net_link_put_peer(nlh, peer, netns_fd, mtu);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
}

static void net_link_put_kind(struct nlmsghdr *nlh, const char *kind)
{
	struct nlattr *info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);

	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, kind);
	mnl_attr_nest_end(nlh, info);
}

void net_put_ifb(struct netlink_batch *batch, const struct net_link *link, uint32_t mtu)
{
	net_link_put_kind(net_link_put_new(batch, link, 0, mtu, "make ifb"), "ifb");
}

void net_put_up(struct netlink_batch *batch, int index, const char *alias)
{
	struct nlmsghdr *nlh = netlink_add(batch, RTM_NEWLINK, 0, "set link up");

	net_link_put_header(nlh, index, IFF_UP);
	if (*alias)
		mnl_attr_put_str(nlh, IFLA_IFALIAS, alias);
}

void net_put_no_ipv6_address(struct netlink_batch *batch, int index)
{
	struct nlmsghdr *nlh = netlink_add(batch, RTM_SETLINK, 0, "set addr_gen_mode none");
	struct nlattr *families, *family;

	net_link_put_header(nlh, index, 0);
	families = mnl_attr_nest_start(nlh, IFLA_AF_SPEC);
	family = mnl_attr_nest_start(nlh, AF_INET6);
	mnl_attr_put_u8(nlh, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(nlh, family);
	mnl_attr_nest_end(nlh, families);
}

void net_put_route_localnet(struct netlink_batch *batch, int index)
{
	struct nlmsghdr *nlh = netlink_add(batch, RTM_SETLINK, 0, "set route_localnet");
	struct nlattr *families, *family, *settings;

	net_link_put_header(nlh, index, 0);
	families = mnl_attr_nest_start(nlh, IFLA_AF_SPEC);
	family = mnl_attr_nest_start(nlh, AF_INET);
	settings = mnl_attr_nest_start(nlh, IFLA_INET_CONF);
	mnl_attr_put_u32(nlh, IPV4_DEVCONF_ROUTE_LOCALNET, 1);
	mnl_attr_nest_end(nlh, settings);
	mnl_attr_nest_end(nlh, family);
	mnl_attr_nest_end(nlh, families);
}

void net_put_address(struct netlink_batch *batch, int index, struct in_addr address)
{
	struct nlmsghdr *nlh =
		netlink_add(batch, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, "add address");
	struct ifaddrmsg *header = mnl_nlmsg_put_extra_header(nlh, sizeof(*header));
	struct in_addr broadcast = {.s_addr = address.s_addr | htonl(3)};

	header->ifa_family = AF_INET;
	header->ifa_prefixlen = 30;
	header->ifa_index = (unsigned)index;
	mnl_attr_put_u32(nlh, IFA_LOCAL, address.s_addr);
	mnl_attr_put_u32(nlh, IFA_ADDRESS, address.s_addr);
	mnl_attr_put_u32(nlh, IFA_BROADCAST, broadcast.s_addr);
}

void net_put_no_loopback_ipv6(struct netlink_batch *batch, int index)
{
	struct nlmsghdr *nlh = netlink_add(batch, RTM_DELADDR, 0, "remove address ::1");
	struct ifaddrmsg *header = mnl_nlmsg_put_extra_header(nlh, sizeof(*header));

	header->ifa_family = AF_INET6;
	header->ifa_prefixlen = 128;
	header->ifa_index = (unsigned)index;
	mnl_attr_put(nlh, IFA_LOCAL, sizeof(in6addr_loopback), &in6addr_loopback);
}

void net_put_neighbour(struct netlink_batch *batch, int index, struct in_addr address,
		       const uint8_t *hardware)
{
	struct nlmsghdr *nlh =
		netlink_add(batch, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, "add neighbour");
	struct ndmsg *header = mnl_nlmsg_put_extra_header(nlh, sizeof(*header));

	header->ndm_family = AF_INET;
	header->ndm_ifindex = index;
	header->ndm_state = NUD_PERMANENT;
	mnl_attr_put_u32(nlh, NDA_DST, address.s_addr);
	mnl_attr_put(nlh, NDA_LLADDR, ETH_ALEN, hardware);
}

void net_put_default_route(struct netlink_batch *batch, int index, struct in_addr gateway)
{
	struct nlmsghdr *nlh =
		netlink_add(batch, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, "add default route");
	struct rtmsg *header = mnl_nlmsg_put_extra_header(nlh, sizeof(*header));

	header->rtm_family = AF_INET;
	header->rtm_table = RT_TABLE_MAIN;
	header->rtm_protocol = RTPROT_BOOT;
	header->rtm_scope = RT_SCOPE_UNIVERSE;
	header->rtm_type = RTN_UNICAST;
	mnl_attr_put_u32(nlh, RTA_GATEWAY, gateway.s_addr);
	mnl_attr_put_u32(nlh, RTA_OIF, (uint32_t)index);
}

void net_put_group(struct netlink_batch *batch, const char *name, uint32_t group)
{
	struct nlmsghdr *nlh = netlink_add(batch, RTM_SETLINK, 0, "mark link for removal");

	net_link_put_header(nlh, 0, 0);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	mnl_attr_put_u32(nlh, IFLA_GROUP, group);
}

void net_put_remove(struct netlink_batch *batch, const char *name)
{
	struct nlmsghdr *nlh = netlink_add(batch, RTM_DELLINK, 0, "remove link");

	net_link_put_header(nlh, 0, 0);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
}

void net_put_remove_group(struct netlink_batch *batch, uint32_t group)
{
	struct nlmsghdr *nlh = netlink_add(batch, RTM_DELLINK, 0, "remove links");

	net_link_put_header(nlh, 0, 0);
	mnl_attr_put_u32(nlh, IFLA_GROUP, group);
}

void net_put_get(struct netlink_batch *batch, int index)
{
	struct nlmsghdr *nlh = netlink_add(batch, RTM_GETLINK, NLM_F_ACK, "get link");

	net_link_put_header(nlh, index, 0);
	mnl_attr_put_u32(nlh, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
}

static int net_link_read_state(const struct nlattr *attribute, void *data)
{
	bool *running = data;

	if (mnl_attr_get_type(attribute) == IFLA_OPERSTATE &&
	    mnl_attr_validate(attribute, MNL_TYPE_U8) >= 0)
		*running = mnl_attr_get_u8(attribute) == IF_OPER_UP;
	return MNL_CB_OK;
}

int net_is_running(const struct nlmsghdr *nlh, void *data)
{
	return mnl_attr_parse(nlh, sizeof(struct ifinfomsg), net_link_read_state, data) < 0
		       ? MNL_CB_ERROR
		       : MNL_CB_OK;
}

void net_put_get_stats(struct netlink_batch *batch, int index)
{
	net_link_put_header(netlink_add(batch, RTM_GETLINK, NLM_F_ACK, "get link"), index, 0);
}

static int net_link_read_stats(const struct nlattr *attribute, void *data)
{
	struct warden_info *info = data;
	struct rtnl_link_stats64 stats;

	if (mnl_attr_get_type(attribute) != IFLA_STATS64 ||
	    mnl_attr_get_payload_len(attribute) < offsetof(struct rtnl_link_stats64, rx_errors))
		return MNL_CB_OK;
	/* The kernel aligns the counters to four bytes only. */
	memcpy(&stats, mnl_attr_get_payload(attribute),
	       offsetof(struct rtnl_link_stats64, rx_errors));
	info->rx_packets = stats.tx_packets;
	info->tx_packets = stats.rx_packets;
	info->rx_bytes = stats.tx_bytes;
	info->tx_bytes = stats.rx_bytes;
	return MNL_CB_OK;
}

int net_find_stats(const struct nlmsghdr *nlh, void *data)
{
	return mnl_attr_parse(nlh, sizeof(struct ifinfomsg), net_link_read_stats, data) < 0
		       ? MNL_CB_ERROR
		       : MNL_CB_OK;
}

void net_put_probe(struct netlink_batch *batch, const char *kind)
{
	struct nlmsghdr *nlh = netlink_add(batch, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, kind);

	net_link_put_header(nlh, 0, 0);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "w-probe");
	mnl_attr_put_u32(nlh, IFLA_NUM_TX_QUEUES,
			 0); /* refused, but only after the kind is looked up */
	net_link_put_kind(nlh, kind);
}
