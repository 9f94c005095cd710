/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a container's links and configures both ends; see net.h. Removal is in link_removal.c. */
#include "backends/linux/net/net.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "backends/linux/net/link_filter.h"
#include "backends/linux/net/net_private.h"
#include "backends/linux/net/net_tc.h"
#include "lib/cleanup.h"

#define LOOPBACK_INDEX 1

/* Minimum MTU of IPv6. */
#define IPV6_MTU_MIN 1280

/* Wait at most two seconds for a link to carry packets. */
#define RUNNING_PAUSE_NS 200000
#define RUNNING_TRIES    10000

/* Checks that the kernel has a kind of link, built in or as a module. */
static int net_check_link_kind(struct netlink_pool *sockets, const char *kind,
			       struct warden_error *err)
{
	_cleanup_batch_ struct netlink_batch batch = {0};
	int result;

	if (netlink_batch_init(&batch, NET_BATCH_SIZE, err) < 0)
		return -1;
	net_put_probe(&batch, kind);
	result = netlink_pool_send(sockets, &batch, err);
	if (result < 0 && err->number == EINVAL)
		return 0;
	if (result < 0 && err->number == EOPNOTSUPP)
		return warden_error_set(err, "the kernel has no links of kind %s", kind);
	return result;
}

static int net_check_link_kinds(struct netlink_pool *sockets, struct warden_error *err)
{
	return net_check_link_kind(sockets, "veth", err) < 0
		       ? -1
		       : net_check_link_kind(sockets, "ifb", err);
}

int net_check(struct warden_error *err)
{
	struct netlink_pool sockets;
	int result;

	netlink_pool_init(&sockets, NETLINK_ROUTE);
	result = net_check_link_kinds(&sockets, err);
	netlink_pool_free(&sockets);
	return result < 0 ? -1 : net_forwarding_check(err);
}

int net_setup(const struct warden_host *host, struct net **result, struct warden_error *err)
{
	struct net *net = calloc(1, sizeof(*net));

	if (!net)
		return warden_error_errno(err, "network");
	net->host = host;
	depot_mark_fill(host->settings->depot_path, net->mark);
	net->has_ipv6 = access("/proc/sys/net/ipv6", F_OK) == 0;
	netlink_pool_init(&net->sockets, NETLINK_ROUTE);
	link_removal_init(&net->remover, host, &net->sockets);
	if (net_check_link_kinds(&net->sockets, err) < 0 || net_forwarding_enable(host, err) < 0) {
		net_free(net);
		return -1;
	}
	*result = net;
	return 0;
}

void net_free(struct net *net)
{
	if (!net)
		return;
	link_removal_free(&net->remover);
	netlink_pool_free(&net->sockets);
	free(net);
}

/* The indexes of the links are chosen in advance, so that one batch makes them and brings them up.
 * No setting below /proc is written: the kernel restarts such a write as long as anybody holds its
 * lock of links. */
static void net_put_host_side(struct netlink_batch *batch, const struct net *net,
			      const struct warden_identity *identity, int netns_fd)
{
	uint32_t mtu = net->host->settings->mtu;
	struct net_link link, peer, ifb;

	net_link_get(&link, identity, NET_HOST_END);
	net_link_get(&peer, identity, NET_CONTAINER_END);
	net_link_get(&ifb, identity, NET_IFB);
	net_put_veth(batch, &link, NET_GROUP, &peer, netns_fd, mtu);
	net_put_ifb(batch, &ifb, mtu);
	if (net->has_ipv6 && mtu >= IPV6_MTU_MIN) {
		net_put_no_ipv6_address(batch, link.index);
		net_put_no_ipv6_address(batch, ifb.index);
	}
	net_put_ingress(batch, link.index);
	net_put_link_filter(batch, link.index, NET_INGRESS, peer.address, identity->container_ip);
	net_put_up(batch, ifb.index, net->mark);
	net_put_address(batch, link.index, identity->host_ip);
	net_put_up(batch, link.index, net->mark);
	net_put_neighbour(batch, link.index, identity->container_ip, peer.address);
}

/* IPv6 is off by default inside, which the loopback link is older than. */
static void net_put_container_side(struct netlink_batch *batch, bool has_ipv6,
				   const struct warden_identity *identity)
{
	struct net_link link, peer;

	net_link_get(&link, identity, NET_HOST_END);
	net_link_get(&peer, identity, NET_CONTAINER_END);
	net_put_up(batch, LOOPBACK_INDEX, "");
	if (has_ipv6) {
		net_put_no_loopback_ipv6(batch, LOOPBACK_INDEX);
		batch->ignored = EADDRNOTAVAIL; /* the kernel's own default is off */
	}
	net_put_egress(batch, peer.index);
	net_put_link_filter(batch, peer.index, NET_EGRESS, peer.address, identity->container_ip);
	net_put_address(batch, peer.index, identity->container_ip);
	net_put_up(batch, peer.index, "");
	net_put_neighbour(batch, peer.index, identity->host_ip, link.address);
	net_put_default_route(batch, peer.index, identity->host_ip);
}

static int net_make_host_side(struct net *net, const struct warden_identity *identity, int netns_fd,
			      struct warden_error *err)
{
	_cleanup_batch_ struct netlink_batch batch;

	if (netlink_batch_init(&batch, NET_BATCH_SIZE, err) < 0)
		return -1;
	net_put_host_side(&batch, net, identity, netns_fd);
	return netlink_pool_send(&net->sockets, &batch, err);
}

static int net_make_container_side(const struct net *net, const struct warden_identity *identity,
				   int rtnl_fd, struct warden_error *err)
{
	_cleanup_batch_ struct netlink_batch batch;

	if (netlink_batch_init(&batch, NET_BATCH_SIZE, err) < 0)
		return -1;
	net_put_container_side(&batch, net->has_ipv6, identity);
	return netlink_send(rtnl_fd, &batch, err);
}

static int net_query_link(int fd, int index, bool *running, struct warden_error *err)
{
	_cleanup_batch_ struct netlink_batch batch;

	if (netlink_batch_init(&batch, NETLINK_MESSAGE_MAX, err) < 0)
		return -1;
	net_put_get(&batch, index);
	return netlink_ask(fd, &batch, net_is_running, running, err);
}

/* The host's end was set up before its peer existed; the kernel enables it asynchronously and drops
 * packets until then. Since 6.8 querying the link makes the kernel do so sooner. */
static int net_wait_until_running(struct net *net, const struct warden_identity *identity,
				  struct warden_error *err)
{
	struct timespec pause = {.tv_nsec = RUNNING_PAUSE_NS};
	struct net_link link;
	bool running = false;
	int fd = netlink_pool_take(&net->sockets, err), result = 0;

	if (fd < 0)
		return -1;
	net_link_get(&link, identity, NET_HOST_END);
	for (int i = 0; result == 0 && !running && i < RUNNING_TRIES; i++) {
		if (i > 0)
			nanosleep(&pause, NULL); /* a signal only makes the next query earlier */
		result = net_query_link(fd, link.index, &running, err);
	}
	netlink_pool_return(&net->sockets, fd);
	if (result == 0 && !running)
		result = warden_error_set(err, "link %s does not come up", link.name);
	return result;
}

int net_make(struct net *net, const struct warden_identity *identity, int netns_fd, int rtnl_fd,
	     struct warden_error *err)
{
	struct warden_error undo;

	if (net_make_host_side(net, identity, netns_fd, err) == 0 &&
	    net_make_container_side(net, identity, rtnl_fd, err) == 0 &&
	    net_wait_until_running(net, identity, err) == 0)
		return 0;
	if (link_removal_remove(&net->sockets, identity->id, &undo) < 0)
		net->host->log(net->host, WARDEN_LOG_ERROR, identity->id, "%s", undo.message);
	return -1;
}

int net_open_loopback(struct net *net, const struct warden_identity *identity,
		      struct warden_error *err)
{
	_cleanup_batch_ struct netlink_batch batch;
	struct net_link link;

	if (netlink_batch_init(&batch, NETLINK_MESSAGE_MAX, err) < 0)
		return -1;
	net_link_get(&link, identity, NET_HOST_END);
	net_put_route_localnet(&batch, link.index);
	return netlink_pool_send(&net->sockets, &batch, err);
}
