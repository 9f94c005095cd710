/* SPDX-License-Identifier: Apache-2.0 */
/* Bandwidth limits and traffic counters of a container. A queue (tbf) on the host's end limits
 * traffic to the container; traffic from the container is redirected to the ifb, which has the same
 * queue. */
#include <errno.h>
#include <linux/if_ether.h>

#include "backends/linux/net/net_private.h"
#include "backends/linux/net/net_tc.h"

static int net_bandwidth_lift(struct net *net, const struct net_link *link,
			      const struct net_link *ifb, struct warden_error *err)
{
	_cleanup_batch_ struct netlink_batch batch;

	if (netlink_batch_init(&batch, NET_BATCH_SIZE, err) < 0)
		return -1;
	net_put_remove_redirect(&batch, link->index);
	net_put_remove_queue(&batch, link->index);
	net_put_remove_queue(&batch, ifb->index);
	batch.ignored = ENOENT;
	return netlink_pool_send(&net->sockets, &batch, err);
}

static int net_bandwidth_remove_redirect(struct net *net, const struct net_link *link,
					 struct warden_error *err)
{
	_cleanup_batch_ struct netlink_batch batch;

	if (netlink_batch_init(&batch, NETLINK_MESSAGE_MAX, err) < 0)
		return -1;
	net_put_remove_redirect(&batch, link->index);
	batch.ignored = ENOENT;
	return netlink_pool_send(&net->sockets, &batch, err);
}

/* The bucket holds a packet at least, or none of the full size would ever pass. */
static uint32_t net_bandwidth_bucket(const struct net *net, uint64_t burst)
{
	uint64_t packet = net->host->settings->mtu + ETH_HLEN;

	if (burst < packet)
		return (uint32_t)packet;
	return burst > UINT32_MAX ? UINT32_MAX : (uint32_t)burst;
}

/* The redirect is made anew each time: an earlier daemon may have died before it was complete. */
static int net_bandwidth_limit(struct net *net, const struct net_link *link,
			       const struct net_link *ifb, uint32_t rate, uint32_t burst,
			       struct warden_error *err)
{
	_cleanup_batch_ struct netlink_batch batch;

	if (netlink_batch_init(&batch, NET_BATCH_SIZE, err) < 0 ||
	    net_bandwidth_remove_redirect(net, link, err) < 0)
		return -1;
	net_put_tbf(&batch, link->index, rate, burst);
	net_put_tbf(&batch, ifb->index, rate, burst);
	net_put_redirect(&batch, link->index, ifb->index);
	return netlink_pool_send(&net->sockets, &batch, err);
}

int net_set_bandwidth(struct net *net, const struct warden_identity *identity, uint64_t rate,
		      uint64_t burst, struct warden_error *err)
{
	struct net_link link, ifb;
	struct warden_error undo;

	net_link_get(&link, identity, NET_HOST_END);
	net_link_get(&ifb, identity, NET_IFB);
	if (rate >= NET_NO_RATE)
		return net_bandwidth_lift(net, &link, &ifb, err);
	if (net_bandwidth_limit(net, &link, &ifb, (uint32_t)rate, net_bandwidth_bucket(net, burst),
				err) == 0)
		return 0;
	if (net_bandwidth_lift(net, &link, &ifb, &undo) < 0)
		net->host->log(net->host, WARDEN_LOG_ERROR, identity->id, "%s", undo.message);
	return -1;
}

int net_get_rate(struct net *net, const struct warden_identity *identity, uint64_t *rate,
		 struct warden_error *err)
{
	_cleanup_batch_ struct netlink_batch batch;
	struct net_link link;

	*rate = NET_NO_RATE;
	net_link_get(&link, identity, NET_HOST_END);
	if (netlink_batch_init(&batch, NETLINK_MESSAGE_MAX, err) < 0)
		return -1;
	net_put_get_queue(&batch, link.index);
	return netlink_pool_ask(&net->sockets, &batch, net_find_rate, rate, err);
}

int net_info(struct net *net, const struct warden_identity *identity, struct warden_info *info,
	     struct warden_error *err)
{
	_cleanup_batch_ struct netlink_batch batch;
	struct net_link link;

	net_link_get(&link, identity, NET_HOST_END);
	if (netlink_batch_init(&batch, NETLINK_MESSAGE_MAX, err) < 0)
		return -1;
	net_put_get_stats(&batch, link.index);
	return netlink_pool_ask(&net->sockets, &batch, net_find_stats, info, err);
}
