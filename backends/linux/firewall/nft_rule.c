/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of nf_tables as lists of expressions; see nft.h. Values are held in the first registers. */
#include "backends/linux/firewall/nft_private.h"

#include <libnftnl/expr.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>

struct nftnl_rule *nft_rule(struct nft *nft, const char *chain)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();

	if (!rule || nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, nft->table) < 0 ||
	    nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, chain) < 0)
		nft->failed = true;
	return rule;
}

void nft_put_rule(struct nft *nft, struct nftnl_rule *rule)
{
	if (!rule)
		return;
	nftnl_rule_nlmsg_build_payload(
		nft_message(nft, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, "add rule"), rule);
	nftnl_rule_free(rule);
}

/* Appends an expression; NULL on failure. */
static struct nftnl_expr *nft_rule_add_expr(struct nft *nft, struct nftnl_rule *rule,
					    const char *name)
{
	struct nftnl_expr *expr = rule ? nftnl_expr_alloc(name) : NULL;

	if (expr)
		nftnl_rule_add_expr(rule, expr);
	else
		nft->failed = true;
	return expr;
}

static void nft_rule_load_meta_to(struct nft *nft, struct nftnl_rule *rule, uint32_t key,
				  uint32_t reg)
{
	struct nftnl_expr *expr = nft_rule_add_expr(nft, rule, "meta");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_DREG, reg);
}

static void nft_rule_load_meta(struct nft *nft, struct nftnl_rule *rule, uint32_t key)
{
	nft_rule_load_meta_to(nft, rule, key, NFT_REG_1);
}

/* Clears all bits of the register outside `mask`, then sets `bits`, which are outside. */
static void nft_rule_replace_bits(struct nft *nft, struct nftnl_rule *rule, uint32_t mask,
				  uint32_t bits)
{
	struct nftnl_expr *expr = nft_rule_add_expr(nft, rule, "bitwise");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_LEN, sizeof(mask));
	nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_MASK, &mask, sizeof(mask));
	nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_XOR, &bits, sizeof(bits));
}

static void nft_rule_mask_register(struct nft *nft, struct nftnl_rule *rule, uint32_t mask)
{
	nft_rule_replace_bits(nft, rule, mask, 0);
}

static void nft_rule_compare(struct nft *nft, struct nftnl_rule *rule, bool equal,
			     const void *value, uint32_t length)
{
	struct nftnl_expr *expr = nft_rule_add_expr(nft, rule, "cmp");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_OP, equal ? NFT_CMP_EQ : NFT_CMP_NEQ);
	nftnl_expr_set(expr, NFTNL_EXPR_CMP_DATA, value, length);
}

void nft_match_meta(struct nft *nft, struct nftnl_rule *rule, uint32_t key, uint32_t mask,
		    bool equal, uint32_t value)
{
	nft_rule_load_meta(nft, rule, key);
	nft_rule_mask_register(nft, rule, mask);
	nft_rule_compare(nft, rule, equal, &value, sizeof(value));
}

void nft_match_ipv4(struct nft *nft, struct nftnl_rule *rule)
{
	uint8_t family = NFPROTO_IPV4;

	nft_rule_load_meta(nft, rule, NFT_META_NFPROTO);
	nft_rule_compare(nft, rule, true, &family, sizeof(family));
}

/* Moves a conntrack field to the register (NFTNL_EXPR_CT_DREG) or back (NFTNL_EXPR_CT_SREG). */
static void nft_rule_move_conntrack(struct nft *nft, struct nftnl_rule *rule, uint32_t key,
				    uint16_t direction)
{
	struct nftnl_expr *expr = nft_rule_add_expr(nft, rule, "ct");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CT_KEY, key);
	nftnl_expr_set_u32(expr, direction, NFT_REG_1);
}

/* Matches if any of `bits` is set in a conntrack field. */
static void nft_rule_match_conntrack(struct nft *nft, struct nftnl_rule *rule, uint32_t key,
				     uint32_t bits)
{
	uint32_t none = 0;

	nft_rule_move_conntrack(nft, rule, key, NFTNL_EXPR_CT_DREG);
	nft_rule_mask_register(nft, rule, bits);
	nft_rule_compare(nft, rule, false, &none, sizeof(none));
}

void nft_match_established(struct nft *nft, struct nftnl_rule *rule)
{
	nft_rule_match_conntrack(nft, rule, NFT_CT_STATE,
				 NF_CT_STATE_BIT(IP_CT_ESTABLISHED) |
					 NF_CT_STATE_BIT(IP_CT_RELATED));
}

void nft_match_new(struct nft *nft, struct nftnl_rule *rule)
{
	nft_rule_match_conntrack(nft, rule, NFT_CT_STATE, NF_CT_STATE_BIT(IP_CT_NEW));
}

void nft_match_mark(struct nft *nft, struct nftnl_rule *rule, uint32_t bits)
{
	nft_rule_match_conntrack(nft, rule, NFT_CT_MARK, bits);
}

void nft_set_mark(struct nft *nft, struct nftnl_rule *rule, uint32_t bits)
{
	nft_rule_move_conntrack(nft, rule, NFT_CT_MARK, NFTNL_EXPR_CT_DREG);
	nft_rule_replace_bits(nft, rule, ~bits, bits);
	nft_rule_move_conntrack(nft, rule, NFT_CT_MARK, NFTNL_EXPR_CT_SREG);
}

void nft_match_forwarded(struct nft *nft, struct nftnl_rule *rule)
{
	nft_rule_match_conntrack(nft, rule, NFT_CT_STATUS, IPS_DST_NAT);
}

static void nft_rule_load_payload(struct nft *nft, struct nftnl_rule *rule, uint32_t base,
				  uint32_t offset, uint32_t length, uint32_t reg)
{
	struct nftnl_expr *expr = nft_rule_add_expr(nft, rule, "payload");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_BASE, base);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_LEN, length);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_DREG, reg);
}

/* Loads an address of the IPv4 header. */
static void nft_rule_load_address(struct nft *nft, struct nftnl_rule *rule, uint32_t offset,
				  uint32_t reg)
{
	nft_rule_load_payload(nft, rule, NFT_PAYLOAD_NETWORK_HEADER, offset, sizeof(struct in_addr),
			      reg);
}

/* Looks the first register up in a map and stores the value in `result`. */
static void nft_rule_lookup_to(struct nft *nft, struct nftnl_rule *rule, const char *set,
			       uint32_t result)
{
	struct nftnl_expr *expr = nft_rule_add_expr(nft, rule, "lookup");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	nftnl_expr_set_str(expr, NFTNL_EXPR_LOOKUP_SET, set);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_DREG, result);
}

static void nft_rule_lookup(struct nft *nft, struct nftnl_rule *rule, const char *set)
{
	struct nftnl_expr *expr = nft_rule_add_expr(nft, rule, "lookup");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	nftnl_expr_set_str(expr, NFTNL_EXPR_LOOKUP_SET, set);
}

void nft_match_source(struct nft *nft, struct nftnl_rule *rule, const char *set)
{
	nft_rule_load_meta(nft, rule, NFT_META_IIFNAME); /* fills the first register */
	nft_rule_load_address(nft, rule, offsetof(struct iphdr, saddr), NFT_REG_2);
	nft_rule_lookup(nft, rule, set);
}

void nft_match_destination(struct nft *nft, struct nftnl_rule *rule, const char *set)
{
	nft_rule_load_address(nft, rule, offsetof(struct iphdr, daddr), NFT_REG_1);
	nft_rule_lookup(nft, rule, set);
}

void nft_match_protocol(struct nft *nft, struct nftnl_rule *rule, uint8_t protocol)
{
	nft_rule_load_meta(nft, rule, NFT_META_L4PROTO);
	nft_rule_compare(nft, rule, true, &protocol, sizeof(protocol));
}

/* Offset of the word that holds a TCP header's flags, in its second byte. */
#define TCP_FLAGS_WORD 12

/* SYN must be set, and FIN, RST and ACK must not. */
void nft_match_syn(struct nft *nft, struct nftnl_rule *rule)
{
	const uint32_t mask = htonl((TH_FIN | TH_SYN | TH_RST | TH_ACK) << 16);
	const uint32_t syn = htonl(TH_SYN << 16);

	nft_match_protocol(nft, rule, IPPROTO_TCP);
	nft_rule_load_payload(nft, rule, NFT_PAYLOAD_TRANSPORT_HEADER, TCP_FLAGS_WORD, sizeof(mask),
			      NFT_REG_1);
	nft_rule_mask_register(nft, rule, mask);
	nft_rule_compare(nft, rule, true, &syn, sizeof(syn));
}

void nft_match_type(struct nft *nft, struct nftnl_rule *rule, bool equal, uint32_t type)
{
	struct nftnl_expr *expr = nft_rule_add_expr(nft, rule, "fib");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_FIB_FLAGS, NFTA_FIB_F_DADDR);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_FIB_DREG, NFT_REG_1);
	nft_rule_compare(nft, rule, equal, &type, sizeof(type));
}

static uint32_t nft_rule_end_offset(enum nft_end end)
{
	return end == NFT_SOURCE ? offsetof(struct iphdr, saddr) : offsetof(struct iphdr, daddr);
}

void nft_match_network(struct nft *nft, struct nftnl_rule *rule, enum nft_end end,
		       struct in_addr network, struct in_addr mask)
{
	nft_rule_load_address(nft, rule, nft_rule_end_offset(end), NFT_REG_1);
	nft_rule_mask_register(nft, rule, mask.s_addr);
	nft_rule_compare(nft, rule, true, &network, sizeof(network));
}

static void nft_rule_store_meta(struct nft *nft, struct nftnl_rule *rule, uint32_t key)
{
	struct nftnl_expr *expr = nft_rule_add_expr(nft, rule, "meta");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_SREG, NFT_REG_1);
}

void nft_map_priority(struct nft *nft, struct nftnl_rule *rule, const char *map)
{
	nft_rule_load_payload(nft, rule, NFT_PAYLOAD_NETWORK_HEADER, offsetof(struct iphdr, saddr),
			      2 * sizeof(struct in_addr), NFT_REG_1);
	nft_rule_lookup_to(nft, rule, map, NFT_REG_1);
	nft_rule_store_meta(nft, rule, NFT_META_PRIORITY);
}

void nft_set_priority(struct nft *nft, struct nftnl_rule *rule, uint32_t priority)
{
	struct nftnl_expr *expr = nft_rule_add_expr(nft, rule, "immediate");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, NFT_REG_1);
	nftnl_expr_set(expr, NFTNL_EXPR_IMM_DATA, &priority, sizeof(priority));
	nft_rule_store_meta(nft, rule, NFT_META_PRIORITY);
}

static void nft_rule_shift_register(struct nft *nft, struct nftnl_rule *rule, uint32_t bits)
{
	struct nftnl_expr *expr = nft_rule_add_expr(nft, rule, "bitwise");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_LEN, sizeof(bits));
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_OP, NFT_BITWISE_RSHIFT);
	nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_DATA, &bits, sizeof(bits));
}

void nft_change_priority(struct nft *nft, struct nftnl_rule *rule, uint32_t shift, uint32_t mask)
{
	nft_rule_load_meta(nft, rule, NFT_META_PRIORITY);
	if (shift > 0)
		nft_rule_shift_register(nft, rule, shift);
	nft_rule_mask_register(nft, rule, mask);
	nft_rule_store_meta(nft, rule, NFT_META_PRIORITY);
}

void nft_set_packet_mark(struct nft *nft, struct nftnl_rule *rule, uint32_t bits)
{
	nft_rule_load_meta(nft, rule, NFT_META_MARK);
	nft_rule_replace_bits(nft, rule, ~bits, bits);
	nft_rule_store_meta(nft, rule, NFT_META_MARK);
}

static void nft_rule_load_class(struct nft *nft, struct nftnl_rule *rule)
{
	nft_rule_load_address(nft, rule, offsetof(struct iphdr, saddr), NFT_REG32_00);
	nft_rule_load_meta_to(nft, rule, NFT_META_PRIORITY, NFT_REG32_01);
}

void nft_match_class(struct nft *nft, struct nftnl_rule *rule, const char *set)
{
	nft_rule_load_class(nft, rule);
	nft_rule_lookup(nft, rule, set);
}

void nft_match_class_port(struct nft *nft, struct nftnl_rule *rule, uint32_t offset,
			  const char *set)
{
	nft_rule_load_class(nft, rule);
	nft_rule_load_meta_to(nft, rule, NFT_META_L4PROTO, NFT_REG32_02);
	nft_rule_load_payload(nft, rule, NFT_PAYLOAD_TRANSPORT_HEADER, offset, sizeof(in_port_t),
			      NFT_REG32_03);
	nft_rule_lookup(nft, rule, set);
}

void nft_match_priority(struct nft *nft, struct nftnl_rule *rule, uint32_t priority)
{
	nft_rule_load_meta(nft, rule, NFT_META_PRIORITY);
	nft_rule_compare(nft, rule, true, &priority, sizeof(priority));
}

void nft_jump_by_source(struct nft *nft, struct nftnl_rule *rule, struct in_addr mask,
			const char *map)
{
	nft_rule_load_address(nft, rule, offsetof(struct iphdr, saddr), NFT_REG_1);
	if (mask.s_addr != INADDR_NONE)
		nft_rule_mask_register(nft, rule, mask.s_addr);
	nft_rule_lookup_to(nft, rule, map, NFT_REG_VERDICT);
}

void nft_forward(struct nft *nft, struct nftnl_rule *rule, const char *map)
{
	struct nftnl_expr *expr;

	nft_rule_load_meta_to(nft, rule, NFT_META_L4PROTO, NFT_REG32_00);
	nft_rule_load_payload(nft, rule, NFT_PAYLOAD_TRANSPORT_HEADER,
			      offsetof(struct udphdr, dest), sizeof(in_port_t), NFT_REG32_01);
	nft_rule_lookup_to(nft, rule, map, NFT_REG_1);
	expr = nft_rule_add_expr(nft, rule, "nat");
	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_TYPE, NFT_NAT_DNAT);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_FAMILY, NFPROTO_IPV4);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_REG_ADDR_MIN, NFT_REG32_00);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_REG_PROTO_MIN, NFT_REG32_01);
}

void nft_log(struct nft *nft, struct nftnl_rule *rule, const char *prefix)
{
	struct nftnl_expr *expr = nft_rule_add_expr(nft, rule, "log");

	if (expr && nftnl_expr_set_str(expr, NFTNL_EXPR_LOG_PREFIX, prefix) < 0)
		nft->failed = true;
}

/* The rate limit that each element of the set has. */
static struct nftnl_expr *nft_rule_new_limit(struct nft *nft, uint64_t per_second, uint32_t burst)
{
	struct nftnl_expr *limit = nftnl_expr_alloc("limit");

	if (!limit) {
		nft->failed = true;
		return NULL;
	}
	nftnl_expr_set_u64(limit, NFTNL_EXPR_LIMIT_RATE, per_second);
	nftnl_expr_set_u64(limit, NFTNL_EXPR_LIMIT_UNIT, 1); /* a second */
	nftnl_expr_set_u32(limit, NFTNL_EXPR_LIMIT_BURST, burst);
	nftnl_expr_set_u32(limit, NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKTS);
	return limit;
}

/* Adds an address to a set; each of its elements evaluates `each`, which this function owns; NULL
 * if it could not be allocated. */
static void nft_rule_add_to_set(struct nft *nft, struct nftnl_rule *rule, uint32_t offset,
				uint32_t operation, const char *set, struct nftnl_expr *each)
{
	struct nftnl_expr *expr;

	nft_rule_load_address(nft, rule, offset, NFT_REG_1);
	expr = nft_rule_add_expr(nft, rule, "dynset");
	if (!expr || !each) {
		if (each)
			nftnl_expr_free(each);
		return;
	}
	nftnl_expr_set_u32(expr, NFTNL_EXPR_DYNSET_SREG_KEY, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_DYNSET_OP, operation);
	nftnl_expr_set_str(expr, NFTNL_EXPR_DYNSET_SET_NAME, set);
	nftnl_expr_set(expr, NFTNL_EXPR_DYNSET_EXPR, each, 0); /* takes ownership */
}

void nft_match_rate(struct nft *nft, struct nftnl_rule *rule, const char *set, uint64_t per_second,
		    uint32_t burst)
{
	nft_rule_add_to_set(nft, rule, offsetof(struct iphdr, saddr), NFT_DYNSET_OP_UPDATE, set,
			    nft_rule_new_limit(nft, per_second, burst));
}

void nft_match_connections(struct nft *nft, struct nftnl_rule *rule, enum nft_end end,
			   const char *set, uint32_t most)
{
	struct nftnl_expr *limit = nftnl_expr_alloc("connlimit");

	if (limit) {
		nftnl_expr_set_u32(limit, NFTNL_EXPR_CONNLIMIT_COUNT, most);
		nftnl_expr_set_u32(limit, NFTNL_EXPR_CONNLIMIT_FLAGS, NFT_CONNLIMIT_F_INV);
	} else {
		nft->failed = true;
	}
	nft_rule_add_to_set(nft, rule, nft_rule_end_offset(end), NFT_DYNSET_OP_ADD, set, limit);
}

void nft_verdict(struct nft *nft, struct nftnl_rule *rule, int verdict, const char *chain)
{
	struct nftnl_expr *expr = nft_rule_add_expr(nft, rule, "immediate");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_VERDICT, (uint32_t)verdict);
	if (chain)
		nftnl_expr_set_str(expr, NFTNL_EXPR_IMM_CHAIN, chain);
}

void nft_counter(struct nft *nft, struct nftnl_rule *rule)
{
	nft_rule_add_expr(nft, rule, "counter");
}

static void nft_rule_reject(struct nft *nft, struct nftnl_rule *rule, uint32_t type, uint8_t code)
{
	struct nftnl_expr *expr = nft_rule_add_expr(nft, rule, "reject");

	if (!expr)
		return;
	nftnl_expr_set_u32(expr, NFTNL_EXPR_REJECT_TYPE, type);
	nftnl_expr_set_u8(expr, NFTNL_EXPR_REJECT_CODE, code);
}

void nft_reject_icmp(struct nft *nft, struct nftnl_rule *rule)
{
	nft_rule_reject(nft, rule, NFT_REJECT_ICMPX_UNREACH, NFT_REJECT_ICMPX_ADMIN_PROHIBITED);
}

void nft_reject_tcp(struct nft *nft, struct nftnl_rule *rule)
{
	nft_rule_reject(nft, rule, NFT_REJECT_TCP_RST, 0);
}

void nft_masquerade(struct nft *nft, struct nftnl_rule *rule)
{
	nft_rule_add_expr(nft, rule, "masq");
}
