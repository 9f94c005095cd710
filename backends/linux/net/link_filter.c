/* SPDX-License-Identifier: Apache-2.0 */
/* The program that a frame of a container must pass; see link_filter.h. */
#include "backends/linux/net/link_filter.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>

#include "backends/linux/net/net_tc.h"

/* Offsets in a frame. */
#define FRAME_SOURCE     6
#define FRAME_PROTOCOL   12
#define FRAME_IP_SOURCE  26
#define FRAME_ARP        14 /* hardware type and protocol, four bytes */
#define FRAME_ARP_SIZES  18 /* sizes of both addresses */
#define FRAME_ARP_SENDER 22
#define FRAME_ARP_IP     28

/* Lengths of frames with a whole header. */
#define FRAME_IP_MIN  34
#define FRAME_ARP_MIN 42

#define ARP_ETHERNET_IP (ARPHRD_ETHER << 16 | ETH_P_IP)
#define ARP_SIZES       (ETH_ALEN << 8 | 4)

/* Instructions of the program; a jump counts from the instruction behind it. */
enum link_filter_line {
	LINE_LENGTH,
	LINE_LENGTH_IS,
	LINE_VLAN,
	LINE_NO_VLAN,
	LINE_SOURCE_HIGH,
	LINE_SOURCE_HIGH_IS,
	LINE_SOURCE_LOW,
	LINE_SOURCE_LOW_IS,
	LINE_PROTOCOL,
	LINE_IS_IP,
	LINE_IS_ARP,
	LINE_ARP_LENGTH,
	LINE_ARP_LENGTH_IS,
	LINE_ARP,
	LINE_ARP_IS,
	LINE_ARP_SIZES,
	LINE_ARP_SIZES_ARE,
	LINE_ARP_SENDER_HIGH,
	LINE_ARP_SENDER_HIGH_IS,
	LINE_ARP_SENDER_LOW,
	LINE_ARP_SENDER_LOW_IS,
	LINE_ARP_IP,
	LINE_ARP_IP_IS,
	LINE_IP,
	LINE_IP_IS,
	LINE_PASS,
	LINE_DROP,
	LINES,
};

#define LINK_FILTER_WORD(offset)                                                                   \
	{                                                                                          \
		BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)(offset)                                 \
	}
#define LINK_FILTER_HALF(offset)                                                                   \
	{                                                                                          \
		BPF_LD | BPF_H | BPF_ABS, 0, 0, (uint32_t)(offset)                                 \
	}
#define LINK_FILTER_IF(line, value, then, otherwise)                                               \
	{                                                                                          \
		BPF_JMP | BPF_JEQ | BPF_K, (then) - (line)-1, (otherwise) - (line)-1,              \
			(uint32_t)(value)                                                          \
	}
#define LINK_FILTER_AT_LEAST(line, value)                                                          \
	{                                                                                          \
		BPF_JMP | BPF_JGE | BPF_K, 0, LINE_DROP - (line)-1, (uint32_t)(value)              \
	}
#define LINK_FILTER_LENGTH                                                                         \
	{                                                                                          \
		BPF_LD | BPF_W | BPF_LEN, 0, 0, 0                                                  \
	}
#define LINK_FILTER_MUST(line, value) LINK_FILTER_IF(line, value, (line) + 1, LINE_DROP)

void net_put_link_filter(struct netlink_batch *batch, int index, enum net_hook hook,
			 const uint8_t hardware[6], struct in_addr address)
{
	uint32_t high = (uint32_t)hardware[0] << 24 | (uint32_t)hardware[1] << 16 |
			(uint32_t)hardware[2] << 8 | hardware[3];
	uint32_t low = (uint32_t)hardware[4] << 8 | hardware[5], ip = ntohl(address.s_addr);
	/* A load beyond the end of a frame would end the program with 0, which lets it pass: the
	 * lengths are checked first. The kernel has taken a VLAN tag off a frame before this sees
	 * it. */
	const struct sock_filter program[LINES] = {
		[LINE_LENGTH] = LINK_FILTER_LENGTH,
		[LINE_LENGTH_IS] = LINK_FILTER_AT_LEAST(LINE_LENGTH_IS, FRAME_IP_MIN),
		[LINE_VLAN] = LINK_FILTER_WORD(SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT),
		[LINE_NO_VLAN] = LINK_FILTER_MUST(LINE_NO_VLAN, 0),
		[LINE_SOURCE_HIGH] = LINK_FILTER_WORD(FRAME_SOURCE),
		[LINE_SOURCE_HIGH_IS] = LINK_FILTER_MUST(LINE_SOURCE_HIGH_IS, high),
		[LINE_SOURCE_LOW] = LINK_FILTER_HALF(FRAME_SOURCE + 4),
		[LINE_SOURCE_LOW_IS] = LINK_FILTER_MUST(LINE_SOURCE_LOW_IS, low),
		[LINE_PROTOCOL] = LINK_FILTER_HALF(FRAME_PROTOCOL),
		[LINE_IS_IP] = LINK_FILTER_IF(LINE_IS_IP, ETH_P_IP, LINE_IP, LINE_IS_ARP),
		[LINE_IS_ARP] = LINK_FILTER_MUST(LINE_IS_ARP, ETH_P_ARP),
		[LINE_ARP_LENGTH] = LINK_FILTER_LENGTH,
		[LINE_ARP_LENGTH_IS] = LINK_FILTER_AT_LEAST(LINE_ARP_LENGTH_IS, FRAME_ARP_MIN),
		[LINE_ARP] = LINK_FILTER_WORD(FRAME_ARP),
		[LINE_ARP_IS] = LINK_FILTER_MUST(LINE_ARP_IS, ARP_ETHERNET_IP),
		[LINE_ARP_SIZES] = LINK_FILTER_HALF(FRAME_ARP_SIZES),
		[LINE_ARP_SIZES_ARE] = LINK_FILTER_MUST(LINE_ARP_SIZES_ARE, ARP_SIZES),
		[LINE_ARP_SENDER_HIGH] = LINK_FILTER_WORD(FRAME_ARP_SENDER),
		[LINE_ARP_SENDER_HIGH_IS] = LINK_FILTER_MUST(LINE_ARP_SENDER_HIGH_IS, high),
		[LINE_ARP_SENDER_LOW] = LINK_FILTER_HALF(FRAME_ARP_SENDER + 4),
		[LINE_ARP_SENDER_LOW_IS] = LINK_FILTER_MUST(LINE_ARP_SENDER_LOW_IS, low),
		[LINE_ARP_IP] = LINK_FILTER_WORD(FRAME_ARP_IP),
		[LINE_ARP_IP_IS] = LINK_FILTER_IF(LINE_ARP_IP_IS, ip, LINE_PASS, LINE_DROP),
		[LINE_IP] = LINK_FILTER_WORD(FRAME_IP_SOURCE),
		[LINE_IP_IS] = LINK_FILTER_IF(LINE_IP_IS, ip, LINE_PASS, LINE_DROP),
		/* Unspecified: the next filter, a redirect of bandwidth, or the host takes it. */
		[LINE_PASS] = {BPF_RET | BPF_K, 0, 0, (uint32_t)TC_ACT_UNSPEC},
		[LINE_DROP] = {BPF_RET | BPF_K, 0, 0, TC_ACT_SHOT},
	};
	struct nlmsghdr *nlh = netlink_add(batch, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_REPLACE,
					   "filter frames of the link (bpf)");
	struct nlattr *options =
		net_tc_put_filter(nlh, index, hook, LINK_FILTER_PRIORITY, 1, "bpf");

	mnl_attr_put_u32(nlh, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
	mnl_attr_put_u16(nlh, TCA_BPF_OPS_LEN, LINES);
	mnl_attr_put(nlh, TCA_BPF_OPS, sizeof(program), program);
	mnl_attr_nest_end(nlh, options);
}
