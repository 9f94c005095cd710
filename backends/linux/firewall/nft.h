/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts messages for nf_tables into a batch, with libnftnl: tables, chains, sets, elements and rules
 * of the family inet. The contents of the rules are in firewall_table.c.
 */
#ifndef BACKENDS_LINUX_FIREWALL_NFT_H
#define BACKENDS_LINUX_FIREWALL_NFT_H

#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <linux/netfilter/nf_tables.h>
#include <netinet/in.h>

#include "backends/linux/net/netlink.h"

/* A transaction: the kernel applies all of it or nothing. */
struct nft {
	struct netlink_batch batch;
	const char *table;
	bool failed; /* out of memory: nft_commit fails and sends nothing */
};

/* Begins a transaction on a table; `size` as for netlink_batch_init. nft_commit sends it. */
int nft_begin(struct nft *nft, const char *table, size_t size, struct warden_error *err);
int nft_commit(struct nft *nft, int fd, struct warden_error *err);
void nft_free(struct nft *nft);

#define _cleanup_nft_ __attribute__((cleanup(nft_free)))

/* Flags of a table, as in newer headers of the kernel: it belongs to the socket that makes it; it
 * stays when that is closed. */
#define NFT_TABLE_OWNER   0x2u
#define NFT_TABLE_PERSIST 0x4u

void nft_add_table(struct nft *nft, uint32_t flags);
void nft_delete_table(struct nft *nft);

/* The hook of a base chain. */
struct nft_hook {
	const char *type;
	uint32_t hook;
	int32_t priority;
};

/* Adds a chain with policy accept; `hook` is NULL for a chain that is only jumped to. */
void nft_add_chain(struct nft *nft, const char *name, const struct nft_hook *hook);

/* Removes all rules of a chain. */
void nft_flush_chain(struct nft *nft, const char *name);
/* Removes a chain without rules. */
void nft_delete_chain(struct nft *nft, const char *name);

/* A set or map and the type of its elements. */
struct nft_set {
	const char *name;
	uint32_t key_type; /* nft(8)'s number, so that it can list the set */
	uint32_t key_length;
	bool interval;
	/* Type of a map's values; NFT_DATA_VERDICT: a chain to jump to. */
	uint32_t data_type;
	uint32_t data_length;
	bool by_rules; /* rules add elements, at most `size` */
	uint32_t size;
	uint64_t timeout_ms; /* if not 0, each is removed after this time without use */
};

/* nft(8)'s numbers of key types; in a concatenation of two the first is in the upper bits. */
#define NFT_TYPE_BYTES      6u /* any length, for nft(8) */
#define NFT_TYPE_IPV4       7u
#define NFT_TYPE_IPV6       8u
#define NFT_TYPE_PROTOCOL   12u
#define NFT_TYPE_PORT       13u
#define NFT_TYPE_PRIORITY   23u
#define NFT_TYPE_IFNAME     41u
#define NFT_TYPE_PAIR(a, b) ((a) << 6 | (b))

void nft_add_set(struct nft *nft, const struct nft_set *description);
void nft_flush_set(struct nft *nft, const char *name);

/* Elements in one message: begin with nft_elements, add some, end with nft_put_elements. `last`
 * marks the first value after an interval. */
#define NFT_ELEMENTS_MAX 64 /* per message */
struct nftnl_set *nft_elements(struct nft *nft, const char *set);
void nft_element(struct nft *nft, struct nftnl_set *elements, const void *key, uint32_t length,
		 bool last);
/* Adds an element of a map, and of a map with verdicts. */
void nft_map_element(struct nft *nft, struct nftnl_set *elements, const void *key, uint32_t length,
		     const void *data, uint32_t data_length);
void nft_jump_element(struct nft *nft, struct nftnl_set *elements, const void *key, uint32_t length,
		      const char *chain);
void nft_put_elements(struct nft *nft, struct nftnl_set *elements, bool remove, const char *name);

/* A rule: begin with nft_rule, add matches, then statements, end with nft_put_rule. Values are in
 * network byte order or, for `meta`, in host byte order. */
struct nftnl_rule *nft_rule(struct nft *nft, const char *chain);
void nft_put_rule(struct nft *nft, struct nftnl_rule *rule);

void nft_match_meta(struct nft *nft, struct nftnl_rule *rule, uint32_t key, uint32_t mask,
		    bool equal, uint32_t value);
void nft_match_ipv4(struct nft *nft, struct nftnl_rule *rule);

/* Matches replies and what is related; the first packet of a connection; a connection that has one
 * of the bits in its mark. */
void nft_match_established(struct nft *nft, struct nftnl_rule *rule);
void nft_match_new(struct nft *nft, struct nftnl_rule *rule);
void nft_match_mark(struct nft *nft, struct nftnl_rule *rule, uint32_t bits);

/* Sets bits in the connection's mark. */
void nft_set_mark(struct nft *nft, struct nftnl_rule *rule, uint32_t bits);

/* Matches if the source (with the link's name before it) or the destination of an IPv4 packet is in
 * a set. */
void nft_match_source(struct nft *nft, struct nftnl_rule *rule, const char *set);
void nft_match_destination(struct nft *nft, struct nftnl_rule *rule, const char *set);

void nft_match_protocol(struct nft *nft, struct nftnl_rule *rule, uint8_t protocol);

/* Matches a packet that opens a TCP connection. */
void nft_match_syn(struct nft *nft, struct nftnl_rule *rule);

/* Matches a destination by its type in the host's routes, RTN_LOCAL for its own addresses; a source
 * or destination within a network. */
void nft_match_type(struct nft *nft, struct nftnl_rule *rule, bool equal, uint32_t type);
enum nft_end { NFT_SOURCE, NFT_DESTINATION };
void nft_match_network(struct nft *nft, struct nftnl_rule *rule, enum nft_end end,
		       struct in_addr network, struct in_addr mask);

/* Matches a connection whose destination was translated. */
void nft_match_forwarded(struct nft *nft, struct nftnl_rule *rule);

/* Looks source and destination up in a map and sets the packet's priority to the value. */
void nft_map_priority(struct nft *nft, struct nftnl_rule *rule, const char *map);
void nft_set_priority(struct nft *nft, struct nftnl_rule *rule, uint32_t priority);

/* Shifts the packet's priority right, then masks it. */
void nft_change_priority(struct nft *nft, struct nftnl_rule *rule, uint32_t shift, uint32_t mask);

/* Sets bits in the packet's own mark. */
void nft_set_packet_mark(struct nft *nft, struct nftnl_rule *rule, uint32_t bits);

/* Matches if source and priority are in a set; the second also with protocol and the two bytes of
 * the transport header at `offset`. */
void nft_match_class(struct nft *nft, struct nftnl_rule *rule, const char *set);
void nft_match_class_port(struct nft *nft, struct nftnl_rule *rule, uint32_t offset,
			  const char *set);

void nft_match_priority(struct nft *nft, struct nftnl_rule *rule, uint32_t priority);

/* Jumps to the chain that a map holds for the masked source. */
void nft_jump_by_source(struct nft *nft, struct nftnl_rule *rule, struct in_addr mask,
			const char *map);

/* Translates the destination to the value of a map for protocol and port. */
void nft_forward(struct nft *nft, struct nftnl_rule *rule, const char *map);

void nft_log(struct nft *nft, struct nftnl_rule *rule, const char *prefix);

/* Matches while the source has sent at most `burst` packets to this rule, plus `per_second` per
 * second. They are counted in a set with a timeout. */
void nft_match_rate(struct nft *nft, struct nftnl_rule *rule, const char *set, uint64_t per_second,
		    uint32_t burst);

/* Matches if this end of the packet has more than `most` tracked connections that came to this
 * rule, with the packet's own. They are counted in a set. */
void nft_match_connections(struct nft *nft, struct nftnl_rule *rule, enum nft_end end,
			   const char *set, uint32_t most);

/* NF_ACCEPT, NF_DROP, or NFT_JUMP, NFT_GOTO with a chain. */
void nft_verdict(struct nft *nft, struct nftnl_rule *rule, int verdict, const char *chain);
void nft_counter(struct nft *nft, struct nftnl_rule *rule);
void nft_reject_icmp(struct nft *nft, struct nftnl_rule *rule);
void nft_reject_tcp(struct nft *nft, struct nftnl_rule *rule);
void nft_masquerade(struct nft *nft, struct nftnl_rule *rule);

/* Calls `each` for the elements of one message of a dump of a set. Returns MNL_CB_OK, or
 * MNL_CB_ERROR if there is no memory or `each` returns a negative number: a callback of netlink_ask
 * does so. */
int nft_read_elements(const struct nlmsghdr *nlh,
		      int (*each)(struct nftnl_set_elem *element, void *data), void *data);

#endif
