/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about queues (qdiscs) and filters of links, each put into a batch. */
#ifndef BACKENDS_LINUX_NET_NET_TC_H
#define BACKENDS_LINUX_NET_NET_TC_H

#include "backends/linux/net/netlink.h"

/* Makes or changes the queue of a link: at most `rate` bytes a second, with bursts of `burst`. */
void net_put_tbf(struct netlink_batch *batch, int index, uint32_t rate, uint32_t burst);

/* What comes in through a link goes to another one's queue first. */
void net_put_ingress(struct netlink_batch *batch, int index);
void net_put_redirect(struct netlink_batch *batch, int index, int to_index);

/* Takes them away; ENOENT: there is none. */
void net_put_remove_queue(struct netlink_batch *batch, int index);
void net_put_remove_ingress(struct netlink_batch *batch, int index);

/* Asks for the queue of a link, to be sent with netlink_ask; net_find_rate is what takes the
 * answer: `data` is a uint64_t, which gets the rate where the queue is ours. */
void net_put_get_queue(struct netlink_batch *batch, int index);
int net_find_rate(const struct nlmsghdr *nlh, void *data);

#endif
