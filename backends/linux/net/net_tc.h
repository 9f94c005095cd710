/* SPDX-License-Identifier: Apache-2.0 */
/* Puts messages about queues (qdiscs) and filters of links into a batch. */
#ifndef BACKENDS_LINUX_NET_NET_TC_H
#define BACKENDS_LINUX_NET_NET_TC_H

#include "backends/linux/net/netlink.h"

/* Makes or changes the queue of a link: at most `rate` bytes per second, with bursts of `burst`
 * bytes. */
void net_put_tbf(struct netlink_batch *batch, int index, uint32_t rate, uint32_t burst);

/* Adds the ingress qdisc of a link, to which filters are attached; EEXIST if it has one. */
void net_put_ingress(struct netlink_batch *batch, int index);
void net_put_remove_ingress(struct netlink_batch *batch, int index);

/* Adds the qdisc of a link to which filters at its egress are attached (clsact). */
void net_put_egress(struct netlink_batch *batch, int index);

/* Where a filter sees the frames of a link: those that come out of it, or those that go into it. */
enum net_hook { NET_INGRESS, NET_EGRESS };

/* Begins a filter of a link: returns its open options, which the caller fills and ends. With a
 * handle it replaces the filter of this handle; 0: the kernel chooses one. */
struct nlattr *net_tc_put_filter(struct nlmsghdr *nlh, int index, enum net_hook hook,
				 uint32_t priority, uint32_t handle, const char *kind);

/* Redirects the ingress traffic of a link to another link's queue; EEXIST if there is a redirect.
 */
void net_put_redirect(struct netlink_batch *batch, int index, int to_index);

/* Remove the queue and the redirect; ENOENT if there is none. */
void net_put_remove_queue(struct netlink_batch *batch, int index);
void net_put_remove_redirect(struct netlink_batch *batch, int index);

/* Requests the queue of a link; send it with netlink_ask and net_find_rate as callback: `data` is a
 * uint64_t, set to the rate if the queue is a tbf. */
void net_put_get_queue(struct netlink_batch *batch, int index);
int net_find_rate(const struct nlmsghdr *nlh, void *data);

#endif
