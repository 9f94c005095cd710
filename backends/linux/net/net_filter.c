/* SPDX-License-Identifier: Apache-2.0 */
/* The filter of frames: on a link that an earlier daemon made, perhaps one that had no filter, and
 * whether the kernel has it. */
#include <errno.h>
#include <linux/netlink.h>
#include <unistd.h>

#include "backends/linux/net/link_filter.h"
#include "backends/linux/net/net_private.h"
#include "backends/linux/net/net_tc.h"
#include "lib/cleanup.h"

#define PROBE_MTU 1500

static int net_restore_redirect(struct net *net, const struct warden_identity *identity,
				struct warden_error *err)
{
	_cleanup_batch_ struct netlink_batch batch;
	struct net_link link, ifb;
	uint64_t rate;

	net_link_get(&link, identity, NET_HOST_END);
	net_link_get(&ifb, identity, NET_IFB);
	if (net_get_rate(net, identity, &rate, err) < 0)
		return -1;
	if (rate >= NET_NO_RATE)
		return 0;
	if (netlink_batch_init(&batch, NETLINK_MESSAGE_MAX, err) < 0)
		return -1;
	net_put_redirect(&batch, link.index, ifb.index);
	return netlink_pool_send(&net->sockets, &batch, err);
}

static int net_restore_filter(struct net *net, const struct warden_identity *identity, bool anew,
			      struct warden_error *err)
{
	_cleanup_batch_ struct netlink_batch batch;
	struct net_link link, peer;

	net_link_get(&link, identity, NET_HOST_END);
	net_link_get(&peer, identity, NET_CONTAINER_END);
	if (netlink_batch_init(&batch, NET_BATCH_SIZE, err) < 0)
		return -1;
	if (anew)
		net_put_remove_ingress(&batch, link.index);
	net_put_ingress(&batch, link.index);
	net_put_link_filter(&batch, link.index, NET_INGRESS, peer.address, identity->container_ip);
	batch.ignored = EEXIST;
	return netlink_pool_send(&net->sockets, &batch, err);
}

/* A limited link of warden 0.1 has its redirect where the filter must be: then both are made anew.
 */
int net_restore(struct net *net, const struct warden_identity *identity, struct warden_error *err)
{
	if (net_restore_filter(net, identity, false, err) == 0)
		return 0;
	if (err->number == ENODEV) {
		net->host->log(net->host, WARDEN_LOG_WARN, identity->id,
			       "the link of the container is gone: it has no network");
		return 0;
	}
	if (err->number != EINVAL || net_restore_filter(net, identity, true, err) < 0)
		return -1;
	return net_restore_redirect(net, identity, err);
}

int net_probe_filter(struct warden_error *err)
{
	static const struct net_link link = {.name = "w-probe",
					     .index = NET_CONTAINER_INDEX,
					     .address = {0x0a, 0x57, 0, 0, 0, 1}};
	_cleanup_batch_ struct netlink_batch batch = {0};
	_cleanup_close_ int fd = netlink_open(NETLINK_ROUTE, err);

	if (fd < 0 || netlink_batch_init(&batch, NET_BATCH_SIZE, err) < 0)
		return -1;
	net_put_ifb(&batch, &link, PROBE_MTU);
	net_put_egress(&batch, link.index);
	net_put_link_filter(&batch, link.index, NET_EGRESS, link.address, (struct in_addr){0});
	return netlink_send(fd, &batch, err);
}
