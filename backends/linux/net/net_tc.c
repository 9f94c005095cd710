/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about queues and filters; see net_tc.h. */
#include "backends/linux/net/net_tc.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>
#include <string.h>

#include "backends/linux/net/link_filter.h"

/* Our queue's handle, 1:0. */
#define QUEUE_HANDLE 0x00010000u

/* Length of the queue: a twentieth of a second of traffic, and at least what a sender may hand over
 * in one piece (GSO). */
#define QUEUE_PARTS 20
#define QUEUE_MIN   65536u

static struct tcmsg *net_tc_put_header(struct nlmsghdr *nlh, int index, uint32_t parent,
				       uint32_t handle)
{
	struct tcmsg *header = mnl_nlmsg_put_extra_header(nlh, sizeof(*header));

	header->tcm_ifindex = index;
	header->tcm_parent = parent;
	header->tcm_handle = handle;
	return header;
}

static uint32_t net_tc_queue_length(uint32_t rate, uint32_t burst)
{
	uint64_t wait = rate / QUEUE_PARTS < QUEUE_MIN ? QUEUE_MIN : rate / QUEUE_PARTS;

	return burst + wait > UINT32_MAX ? UINT32_MAX : (uint32_t)(burst + wait);
}

void net_put_tbf(struct netlink_batch *batch, int index, uint32_t rate, uint32_t burst)
{
	struct nlmsghdr *nlh = netlink_add(batch, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE,
					   "limit bandwidth (tbf)");
	/* The link layer is set so that the kernel needs no rate table. */
	struct tc_tbf_qopt queue = {
		.rate = {.rate = rate, .linklayer = TC_LINKLAYER_ETHERNET},
		.limit = net_tc_queue_length(rate, burst),
	};
	struct nlattr *options;

	net_tc_put_header(nlh, index, TC_H_ROOT, QUEUE_HANDLE);
	mnl_attr_put_strz(nlh, TCA_KIND, "tbf");
	options = mnl_attr_nest_start(nlh, TCA_OPTIONS);
	mnl_attr_put(nlh, TCA_TBF_PARMS, sizeof(queue), &queue);
	mnl_attr_put_u32(nlh, TCA_TBF_BURST, burst);
	mnl_attr_nest_end(nlh, options);
}

void net_put_ingress(struct netlink_batch *batch, int index)
{
	struct nlmsghdr *nlh =
		netlink_add(batch, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, "add ingress qdisc");

	net_tc_put_header(nlh, index, TC_H_INGRESS, TC_H_MAKE(TC_H_INGRESS, 0));
	mnl_attr_put_strz(nlh, TCA_KIND, "ingress");
}

static void net_tc_put_mirred(struct nlmsghdr *nlh, int to_index)
{
	const struct tc_mirred mirred = {.action = TC_ACT_STOLEN,
					 .eaction = TCA_EGRESS_REDIR,
					 .ifindex = (uint32_t)to_index};
	struct nlattr *actions = mnl_attr_nest_start(nlh, TCA_U32_ACT);
	struct nlattr *action = mnl_attr_nest_start(nlh, 1);
	struct nlattr *options;

	mnl_attr_put_strz(nlh, TCA_ACT_KIND, "mirred");
	options = mnl_attr_nest_start(nlh, TCA_ACT_OPTIONS);
	mnl_attr_put(nlh, TCA_MIRRED_PARMS, sizeof(mirred), &mirred);
	mnl_attr_nest_end(nlh, options);
	mnl_attr_nest_end(nlh, action);
	mnl_attr_nest_end(nlh, actions);
}

void net_put_egress(struct netlink_batch *batch, int index)
{
	struct nlmsghdr *nlh =
		netlink_add(batch, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, "add egress qdisc");

	net_tc_put_header(nlh, index, TC_H_CLSACT, TC_H_MAKE(TC_H_CLSACT, 0));
	mnl_attr_put_strz(nlh, TCA_KIND, "clsact");
}

struct nlattr *net_tc_put_filter(struct nlmsghdr *nlh, int index, enum net_hook hook,
				 uint32_t priority, uint32_t handle, const char *kind)
{
	uint32_t parent = hook == NET_INGRESS ? TC_H_MAKE(TC_H_INGRESS, 0)
					      : TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS);
	struct tcmsg *header = net_tc_put_header(nlh, index, parent, handle);

	header->tcm_info = TC_H_MAKE(priority << 16, htons(ETH_P_ALL));
	mnl_attr_put_strz(nlh, TCA_KIND, kind);
	return mnl_attr_nest_start(nlh, TCA_OPTIONS);
}

void net_put_redirect(struct netlink_batch *batch, int index, int to_index)
{
	struct nlmsghdr *nlh = netlink_add(batch, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL,
					   "redirect ingress (u32, mirred)");
	/* One key with an empty mask, after the selector: every packet matches. */
	const struct tc_u32_sel selector = {.flags = TC_U32_TERMINAL, .nkeys = 1};
	uint8_t all[sizeof(selector) + sizeof(struct tc_u32_key)] = {0};
	struct nlattr *options =
		net_tc_put_filter(nlh, index, NET_INGRESS, LINK_REDIRECT_PRIORITY, 0, "u32");

	memcpy(all, &selector, sizeof(selector));
	mnl_attr_put(nlh, TCA_U32_SEL, sizeof(all), all);
	net_tc_put_mirred(nlh, to_index);
	mnl_attr_nest_end(nlh, options);
}

void net_put_remove_redirect(struct netlink_batch *batch, int index)
{
	struct nlmsghdr *nlh = netlink_add(batch, RTM_DELTFILTER, 0, "remove bandwidth limit");
	struct tcmsg *header = net_tc_put_header(nlh, index, TC_H_MAKE(TC_H_INGRESS, 0), 0);

	header->tcm_info = TC_H_MAKE(LINK_REDIRECT_PRIORITY << 16, htons(ETH_P_ALL));
}

void net_put_remove_queue(struct netlink_batch *batch, int index)
{
	net_tc_put_header(netlink_add(batch, RTM_DELQDISC, 0, "remove bandwidth limit"), index,
			  TC_H_ROOT, 0);
}

void net_put_remove_ingress(struct netlink_batch *batch, int index)
{
	net_tc_put_header(netlink_add(batch, RTM_DELQDISC, 0, "remove ingress qdisc"), index,
			  TC_H_INGRESS, TC_H_MAKE(TC_H_INGRESS, 0));
}

/* Older kernels reply only to requests with NLM_F_ECHO. */
void net_put_get_queue(struct netlink_batch *batch, int index)
{
	net_tc_put_header(netlink_add(batch, RTM_GETQDISC, NLM_F_ACK | NLM_F_ECHO, "get queue"),
			  index, TC_H_ROOT, 0);
}

static int net_tc_read_parameters(const struct nlattr *attribute, void *data)
{
	uint64_t *rate = data;

	if (mnl_attr_get_type(attribute) == TCA_TBF_PARMS &&
	    mnl_attr_get_payload_len(attribute) >= sizeof(struct tc_tbf_qopt)) {
		const struct tc_tbf_qopt *queue = mnl_attr_get_payload(attribute);

		*rate = queue->rate.rate;
	}
	return MNL_CB_OK;
}

static int net_tc_read_options(const struct nlattr *attribute, void *data)
{
	if ((mnl_attr_get_type(attribute) & NLA_TYPE_MASK) == TCA_OPTIONS)
		return mnl_attr_parse_nested(attribute, net_tc_read_parameters, data);
	return MNL_CB_OK;
}

static int net_tc_read_kind(const struct nlattr *attribute, void *data)
{
	bool *ours = data;

	if (mnl_attr_get_type(attribute) == TCA_KIND)
		*ours = strncmp(mnl_attr_get_payload(attribute), "tbf",
				mnl_attr_get_payload_len(attribute)) == 0;
	return MNL_CB_OK;
}

int net_find_rate(const struct nlmsghdr *nlh, void *data)
{
	bool ours = false;

	if (nlh->nlmsg_type != RTM_NEWQDISC)
		return MNL_CB_OK;
	if (mnl_attr_parse(nlh, sizeof(struct tcmsg), net_tc_read_kind, &ours) < 0)
		return MNL_CB_ERROR;
	if (ours && mnl_attr_parse(nlh, sizeof(struct tcmsg), net_tc_read_options, data) < 0)
		return MNL_CB_ERROR;
	return MNL_CB_OK;
}
