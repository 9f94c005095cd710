/* SPDX-License-Identifier: Apache-2.0 */
/* Puts messages about queues (qdiscs) and filters of links into a batch. */
#ifndef BACKENDS_LINUX_NET_NET_TC_H
#define BACKENDS_LINUX_NET_NET_TC_H

#include "backends/linux/net/netlink.h"

/* Makes or changes the queue of a link: at most `rate` bytes per second, with bursts of `burst`
 * bytes. */
void net_put_tbf(struct netlink_batch *batch, int index, uint32_t rate, uint32_t burst);

/* Redirects the ingress traffic of a link to another link's queue. */
void net_put_ingress(struct netlink_batch *batch, int index);
void net_put_redirect(struct netlink_batch *batch, int index, int to_index);

/* Remove the queue and the redirect; ENOENT if there is none. */
void net_put_remove_queue(struct netlink_batch *batch, int index);
void net_put_remove_ingress(struct netlink_batch *batch, int index);

/* Requests the queue of a link; send it with netlink_ask and net_find_rate as callback: `data` is a
 * uint64_t, set to the rate if the queue is a tbf. */
void net_put_get_queue(struct netlink_batch *batch, int index);
int net_find_rate(const struct nlmsghdr *nlh, void *data);

#endif
