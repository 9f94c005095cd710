/* SPDX-License-Identifier: Apache-2.0 */
/* The first layer against forged frames: a classic BPF program at the ingress of w-ID-0 drops all
 * but ARP and IPv4 from the container's own hardware and IP address. It runs before the host's
 * protocols, bridges and VLANs see a frame, belongs to the link and goes with it, and no nft
 * command removes it. */
#ifndef BACKENDS_LINUX_NET_LINK_FILTER_H
#define BACKENDS_LINUX_NET_LINK_FILTER_H

#include <netinet/in.h>

#include "backends/linux/net/net_tc.h"

/* Filters of w-ID-0 in the order in which they see a frame. */
#define LINK_FILTER_PRIORITY   1
#define LINK_REDIRECT_PRIORITY 2

/* Puts a filter of link `index`, which has the qdisc of the hook, into a batch. It replaces an
 * earlier one. Source: tc-bpf(8), direct-action; net/sched/cls_bpf.c. */
void net_put_link_filter(struct netlink_batch *batch, int index, enum net_hook hook,
			 const uint8_t hardware[6], struct in_addr address);

#endif
