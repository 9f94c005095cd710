/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of the table. A packet's path through it is the same for any number of containers:
 *
 *   check        first of all: accepts from a container's link only that container's address
 *   seen         last before routing: sets the bit of a packet's mark that the guard asks for
 *                (firewall_guard.c), after what other programs do with marks
 *   prerouting, output
 *                translate the destination of packets to a forwarded port of the host
 *   forward      from_container: replies, the container's own rules, allow_networks;
 *                to_container: replies, and forwarded connections
 *   input        from_container, and to_host: everything with allow_host_access
 *   mark         marks connections that the host opens
 *   postrouting  masquerades outgoing packets with the host's address
 *
 * A connection gets a mark when a rule allows its first packet, and only replies of marked ones are
 * accepted: what was opened while there was no table does not go on.
 *
 * A link belongs to a container if it is in the group of net.h; so packets of a link that the set
 * of containers does not hold are refused. A container's own permissions are in sets and maps,
 * compiled in firewall_rules.c; those with ranges are divided by address (firewall_shards.c).
 *
 * Between rules the packet's priority holds the class of its destination or a decision. That
 * overwrites a priority set from the type of service, but only the first packet of a connection
 * gets here.
 */
#include "backends/linux/firewall/firewall_private.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/rtnetlink.h>
#include <netinet/udp.h>
#include <string.h>

#include "backends/linux/net/net.h"
#include "lib/cleanup.h"

#define ALLOWED     "allowed"
#define REFUSED     "refused"
#define CONNECTIONS "connections"

/* Map from the masked part of an address (firewall_shards.c) to a chain. */
#define SHARDS "shards"

/* Rate of refusals per container that are reported by ICMP; below the kernel's own limit. */
#define REFUSED_PER_SECOND 1
#define REFUSED_BURST      4

/* The map's values hold two classes; see firewall_rules.h. */
#define CLASS_MASK 0xffffu

/* Decisions, stored like a class; there are never so many classes. 0 is no class. */
#define CLASS_NONE     0
#define CLASS_ACCEPTED 0xfffffffeu
#define CLASS_LOGGED   0xffffffffu

/* Matches both groups of net.h, which differ in the lowest bit. */
#define GROUP_MASK (~1u)

/* Size of all messages without elements, and of an element. */
#define TABLE_SIZE   (64 * NETLINK_MESSAGE_MAX)
#define ELEMENT_SIZE ((size_t)64)

/* Priorities of the hooks, with nft(8)'s names: raw is before connection tracking. */
static const struct {
	const char *name;
	const struct nft_hook *hook;
} chains[] = {
	{"refuse", NULL},
	{"from_container", NULL},
	{"to_container", NULL},
	{"to_host", NULL},
	{"logged", NULL},
	{"accepted", NULL},
	{"forwarded", NULL},
	{"check", &(struct nft_hook){"filter", NF_INET_PRE_ROUTING, -300 /* raw */}},
	{"prerouting", &(struct nft_hook){"nat", NF_INET_PRE_ROUTING, -100 /* dstnat */}},
	{"seen", &(struct nft_hook){"filter", NF_INET_PRE_ROUTING, 300}},
	{"output", &(struct nft_hook){"nat", NF_INET_LOCAL_OUT, -100 /* dstnat */}},
	{"forward", &(struct nft_hook){"filter", NF_INET_FORWARD, 0 /* filter */}},
	{"input", &(struct nft_hook){"filter", NF_INET_LOCAL_IN, 0 /* filter */}},
	{FIREWALL_MARKING_CHAIN,
	 &(struct nft_hook){"filter", NF_INET_POST_ROUTING, 0 /* filter */}},
	{"postrouting", &(struct nft_hook){"nat", NF_INET_POST_ROUTING, 100 /* srcnat */}},
};

static const struct nft_set sets[] = {
	{
		.name = FIREWALL_CONTAINERS,
		.key_type = NFT_TYPE_PAIR(NFT_TYPE_IFNAME, NFT_TYPE_IPV4),
		.key_length = FIREWALL_KEY_SIZE,
	},
	{
		.name = ALLOWED,
		.key_type = NFT_TYPE_IPV4,
		.key_length = sizeof(struct in_addr),
		.interval = true,
	},
	{
		.name = REFUSED,
		.key_type = NFT_TYPE_IPV4,
		.key_length = sizeof(struct in_addr),
		.by_rules = true,
		.size = 65536,
		.timeout_ms = 60000,
	},
	{
		.name = CONNECTIONS,
		.key_type = NFT_TYPE_IPV4,
		.key_length = sizeof(struct in_addr),
		.by_rules = true,
		.size = 65536,
	},
	{
		.name = FIREWALL_LOGGERS,
		.key_type = NFT_TYPE_IPV4,
		.key_length = sizeof(struct in_addr),
		.data_type = NFT_DATA_VERDICT,
	},
	{
		.name = SHARDS,
		.key_type = NFT_TYPE_IPV4,
		.key_length = sizeof(struct in_addr),
		.data_type = NFT_DATA_VERDICT,
	},
};

static void firewall_table_match_from_container(struct nft *nft, struct nftnl_rule *rule,
						bool equal)
{
	nft_match_meta(nft, rule, NFT_META_IIFGROUP, GROUP_MASK, equal, NET_GROUP);
}

static void firewall_table_match_to_container(struct nft *nft, struct nftnl_rule *rule, bool equal)
{
	nft_match_meta(nft, rule, NFT_META_OIFGROUP, GROUP_MASK, equal, NET_GROUP);
}

static void firewall_table_add_verdict(struct nft *nft, struct nftnl_rule *rule, int verdict,
				       const char *chain)
{
	nft_verdict(nft, rule, verdict, chain);
	nft_put_rule(nft, rule);
}

static void firewall_table_add_established(struct nft *nft, const char *chain, uint32_t mark)
{
	struct nftnl_rule *rule = nft_rule(nft, chain);

	nft_match_established(nft, rule);
	nft_match_mark(nft, rule, mark);
	firewall_table_add_verdict(nft, rule, NF_ACCEPT, NULL);
}

/* Refuses a container's connection if it has too many. */
static void firewall_table_add_limit(struct nft *nft, const struct firewall *firewall,
				     const char *chain, enum nft_end container)
{
	uint32_t most = firewall->host->settings->max_connections;
	struct nftnl_rule *rule;

	if (most == 0 || !firewall->features.counts)
		return;
	rule = nft_rule(nft, chain);
	nft_match_ipv4(nft, rule);
	nft_match_new(nft, rule);
	nft_match_connections(nft, rule, container, CONNECTIONS, most);
	firewall_table_add_verdict(nft, rule, NFT_GOTO, "refuse");
}

static void firewall_table_add_goto(struct nft *nft, const char *chain, const char *target)
{
	firewall_table_add_verdict(nft, nft_rule(nft, chain), NFT_GOTO, target);
}

/* The host's 127.0.0.0/8: the links of containers with forwards accept it for replies
 * (net_open_loopback). */
static void firewall_table_match_loopback(struct nft *nft, struct nftnl_rule *rule,
					  enum nft_end end)
{
	const struct in_addr network = {htonl(INADDR_LOOPBACK & IN_CLASSA_NET)};
	const struct in_addr mask = {htonl(IN_CLASSA_NET)};

	nft_match_ipv4(nft, rule);
	nft_match_network(nft, rule, end, network, mask);
}

static void firewall_table_put_check(struct nft *nft)
{
	struct nftnl_rule *rule = nft_rule(nft, "check");

	firewall_table_match_from_container(nft, rule, false);
	firewall_table_add_verdict(nft, rule, NF_ACCEPT, NULL);
	rule = nft_rule(nft, "check");
	firewall_table_match_loopback(nft, rule, NFT_DESTINATION);
	nft_counter(nft, rule);
	firewall_table_add_verdict(nft, rule, NF_DROP, NULL);
	rule = nft_rule(nft, "check");
	nft_match_ipv4(nft, rule);
	nft_match_source(nft, rule, FIREWALL_CONTAINERS);
	firewall_table_add_verdict(nft, rule, NF_ACCEPT, NULL);
	rule = nft_rule(nft, "check");
	nft_counter(nft, rule);
	firewall_table_add_verdict(nft, rule, NF_DROP, NULL);
}

static void firewall_table_put_seen(struct nft *nft, uint32_t mark)
{
	struct nftnl_rule *rule = nft_rule(nft, "seen");

	firewall_table_match_from_container(nft, rule, true);
	nft_set_packet_mark(nft, rule, mark);
	nft_put_rule(nft, rule);
}

static void firewall_table_put_forwards(struct nft *nft, const char *chain)
{
	struct nftnl_rule *rule = nft_rule(nft, chain);

	nft_match_ipv4(nft, rule);
	nft_match_type(nft, rule, true, RTN_LOCAL);
	nft_forward(nft, rule, firewall_rule_set(FIREWALL_FORWARDS, 0)->name);
	nft_put_rule(nft, rule);
}

/* A container's rules name a container by its own address, so its packets are not forwarded. */
static void firewall_table_put_nat(struct nft *nft)
{
	struct nftnl_rule *rule = nft_rule(nft, "prerouting");

	firewall_table_match_from_container(nft, rule, true);
	firewall_table_add_verdict(nft, rule, NF_ACCEPT, NULL);
	firewall_table_put_forwards(nft, "prerouting");
	firewall_table_put_forwards(nft, "output");
}

/* Decides by one of the sets of ports; `offset` is that of the port or, for ICMP, of type and code.
 */
static void firewall_table_put_decision(struct nft *nft, unsigned shard, uint8_t protocol,
					uint32_t offset, enum firewall_rule_set set,
					uint32_t decision)
{
	struct nftnl_rule *rule = nft_rule(nft, firewall_shard_chain(shard));

	nft_match_protocol(nft, rule, protocol);
	nft_match_class_port(nft, rule, offset, firewall_rule_set(set, shard)->name);
	nft_set_priority(nft, rule, decision);
	firewall_table_add_verdict(nft, rule, NFT_RETURN, NULL);
}

/* Leaves one of the destination's two classes: that for inside if it is a container, or the host,
 * whose packets have no link to leave by and may be broadcasts. */
static void firewall_table_put_class(struct nft *nft, const char *chain)
{
	struct nftnl_rule *rule = nft_rule(nft, chain);

	firewall_table_match_to_container(nft, rule, true);
	nft_change_priority(nft, rule, FIREWALL_CLASS_BITS, CLASS_MASK);
	nft_put_rule(nft, rule);
	rule = nft_rule(nft, chain);
	nft_match_type(nft, rule, false, RTN_UNICAST);
	nft_change_priority(nft, rule, FIREWALL_CLASS_BITS, CLASS_MASK);
	nft_put_rule(nft, rule);
	rule = nft_rule(nft, chain);
	nft_change_priority(nft, rule, 0, CLASS_MASK);
	nft_put_rule(nft, rule);
}

static void firewall_table_put_shard(struct nft *nft, unsigned shard)
{
	const uint32_t port = offsetof(struct udphdr, dest);
	struct nftnl_rule *rule = nft_rule(nft, firewall_shard_chain(shard));

	nft_set_priority(nft, rule, CLASS_NONE);
	nft_put_rule(nft, rule);
	rule = nft_rule(nft, firewall_shard_chain(shard));
	nft_map_priority(nft, rule, firewall_rule_set(FIREWALL_OUT_NETWORKS, shard)->name);
	nft_put_rule(nft, rule);
	firewall_table_put_class(nft, firewall_shard_chain(shard));
	firewall_table_put_decision(nft, shard, IPPROTO_TCP, port, FIREWALL_OUT_LOGGED,
				    CLASS_LOGGED);
	firewall_table_put_decision(nft, shard, IPPROTO_TCP, port, FIREWALL_OUT_PORTS,
				    CLASS_ACCEPTED);
	firewall_table_put_decision(nft, shard, IPPROTO_UDP, port, FIREWALL_OUT_PORTS,
				    CLASS_ACCEPTED);
	firewall_table_put_decision(nft, shard, IPPROTO_ICMP, 0, FIREWALL_OUT_PORTS,
				    CLASS_ACCEPTED);
}

/* Chains of shards contain no jumps, so that the kernel validates no path through the table more
 * than once when a chain that logs is added. */
static void firewall_table_put_shards(struct nft *nft)
{
	struct nftnl_set *elements = nft_elements(nft, SHARDS);

	for (unsigned i = 0; i < FIREWALL_SHARDS; i++) {
		struct in_addr key = firewall_shard_key(i);

		nft_jump_element(nft, elements, &key, sizeof(key), firewall_shard_chain(i));
		firewall_table_put_shard(nft, i);
	}
	nft_put_elements(nft, elements, false, SHARDS);
}

/* A container's own rules. */
static void firewall_table_put_own_rules(struct nft *nft)
{
	struct nftnl_rule *rule = nft_rule(nft, "from_container");

	nft_match_ipv4(nft, rule);
	nft_jump_by_source(nft, rule, firewall_shard_mask(), SHARDS);
	nft_put_rule(nft, rule);
	rule = nft_rule(nft, "from_container");
	nft_match_priority(nft, rule, CLASS_LOGGED);
	firewall_table_add_verdict(nft, rule, NFT_GOTO, "logged");
	rule = nft_rule(nft, "from_container");
	nft_match_priority(nft, rule, CLASS_ACCEPTED);
	firewall_table_add_verdict(nft, rule, NFT_GOTO, "accepted");
	rule = nft_rule(nft, "from_container");
	nft_match_ipv4(nft, rule);
	nft_match_class(nft, rule, firewall_rule_set(FIREWALL_OUT_ALL, 0)->name);
	firewall_table_add_verdict(nft, rule, NFT_GOTO, "accepted");
}

static void firewall_table_put_accepted(struct nft *nft, const struct firewall *firewall)
{
	const struct in_addr whole = {INADDR_NONE};
	struct nftnl_rule *rule = nft_rule(nft, "logged");

	nft_jump_by_source(nft, rule, whole, FIREWALL_LOGGERS);
	nft_put_rule(nft, rule);
	firewall_table_add_goto(nft, "logged", "accepted");
	firewall_table_add_limit(nft, firewall, "accepted", NFT_SOURCE);
	rule = nft_rule(nft, "accepted");
	nft_set_mark(nft, rule, firewall->host->settings->connection_mark);
	nft_set_priority(nft, rule, CLASS_NONE);
	firewall_table_add_verdict(nft, rule, NF_ACCEPT, NULL);
}

static void firewall_table_put_forward(struct nft *nft)
{
	struct nftnl_rule *rule = nft_rule(nft, "forward");

	firewall_table_match_from_container(nft, rule, true);
	firewall_table_add_verdict(nft, rule, NFT_GOTO, "from_container");
	rule = nft_rule(nft, "forward");
	firewall_table_match_to_container(nft, rule, true);
	firewall_table_add_verdict(nft, rule, NFT_GOTO, "to_container");
}

/* With host access everything that does not leave the host; a link-local address may be that of a
 * metadata service, so it needs a rule or allow_networks of its own. */
static void firewall_table_put_host_access(struct nft *nft)
{
	const struct in_addr network = {htonl(FIREWALL_LINK_LOCAL_FIRST)};
	const struct in_addr mask = {~htonl(FIREWALL_LINK_LOCAL_LAST ^ FIREWALL_LINK_LOCAL_FIRST)};
	struct nftnl_rule *rule = nft_rule(nft, "from_container");

	nft_match_ipv4(nft, rule);
	nft_match_type(nft, rule, false, RTN_UNICAST);
	firewall_table_add_verdict(nft, rule, NFT_GOTO, "to_host");
	rule = nft_rule(nft, "to_host");
	nft_match_network(nft, rule, NFT_DESTINATION, network, mask);
	firewall_table_add_verdict(nft, rule, NFT_GOTO, "refuse");
	firewall_table_add_goto(nft, "to_host", "accepted");
}

static void firewall_table_put_from_container(struct nft *nft,
					      const struct warden_settings *settings)
{
	struct nftnl_rule *rule;

	firewall_table_add_established(nft, "from_container", settings->connection_mark);
	firewall_table_put_own_rules(nft);
	rule = nft_rule(nft, "from_container");
	nft_match_ipv4(nft, rule);
	nft_match_destination(nft, rule, ALLOWED);
	firewall_table_add_verdict(nft, rule, NFT_GOTO, "accepted");
	if (settings->allow_host_access)
		firewall_table_put_host_access(nft);
	firewall_table_add_goto(nft, "from_container", "refuse");
}

/* Packets from outside have no per-source limit, because the number of sources is unbounded. */
static void firewall_table_put_to_container(struct nft *nft, const struct firewall *firewall)
{
	uint32_t mark = firewall->host->settings->connection_mark;
	struct nftnl_rule *rule;

	firewall_table_add_established(nft, "to_container", mark);
	rule = nft_rule(nft, "to_container");
	nft_match_forwarded(nft, rule);
	firewall_table_add_verdict(nft, rule, NFT_GOTO, "forwarded");
	rule = nft_rule(nft, "to_container");
	nft_counter(nft, rule);
	nft_reject_icmp(nft, rule);
	nft_put_rule(nft, rule);
	firewall_table_add_limit(nft, firewall, "forwarded", NFT_DESTINATION);
	rule = nft_rule(nft, "forwarded");
	nft_set_mark(nft, rule, mark);
	firewall_table_add_verdict(nft, rule, NF_ACCEPT, NULL);
}

static void firewall_table_put_input(struct nft *nft)
{
	struct nftnl_rule *rule = nft_rule(nft, "input");

	firewall_table_match_from_container(nft, rule, true);
	firewall_table_add_verdict(nft, rule, NFT_GOTO, "from_container");
}

/* Forwarded packets come here with a mark. Of TCP only the first packet opens a connection for the
 * host: tracking takes any packet of an unknown one for new, also the host's part of what a
 * container has opened while there was no table. */
static void firewall_table_put_marking(struct nft *nft, uint32_t mark)
{
	const char *chain = FIREWALL_MARKING_CHAIN;
	struct nftnl_rule *rule = nft_rule(nft, chain);

	firewall_table_match_to_container(nft, rule, false);
	firewall_table_add_verdict(nft, rule, NF_ACCEPT, NULL);
	rule = nft_rule(nft, chain);
	nft_match_new(nft, rule);
	nft_match_syn(nft, rule);
	nft_set_mark(nft, rule, mark);
	nft_put_rule(nft, rule);
	rule = nft_rule(nft, chain);
	nft_match_protocol(nft, rule, IPPROTO_TCP);
	firewall_table_add_verdict(nft, rule, NF_ACCEPT, NULL);
	rule = nft_rule(nft, chain);
	nft_match_new(nft, rule);
	nft_set_mark(nft, rule, mark);
	nft_put_rule(nft, rule);
}

/* The kernel limits ICMP errors to one host to a burst of 6 and then one per second. Beyond our
 * lower limit a TCP connection is reset, which has no limit. */
static void firewall_table_put_refuse(struct nft *nft)
{
	struct nftnl_rule *rule = nft_rule(nft, "refuse");

	nft_match_ipv4(nft, rule);
	nft_match_rate(nft, rule, REFUSED, REFUSED_PER_SECOND, REFUSED_BURST);
	nft_counter(nft, rule);
	nft_reject_icmp(nft, rule);
	nft_put_rule(nft, rule);
	rule = nft_rule(nft, "refuse");
	nft_match_protocol(nft, rule, IPPROTO_TCP);
	nft_counter(nft, rule);
	nft_reject_tcp(nft, rule);
	nft_put_rule(nft, rule);
	rule = nft_rule(nft, "refuse");
	nft_counter(nft, rule);
	nft_reject_icmp(nft, rule);
	nft_put_rule(nft, rule);
}

static void firewall_table_put_postrouting(struct nft *nft)
{
	struct nftnl_rule *rule = nft_rule(nft, "postrouting");

	firewall_table_match_from_container(nft, rule, true);
	firewall_table_match_to_container(nft, rule, false);
	nft_masquerade(nft, rule);
	nft_put_rule(nft, rule);
	/* Connections from the host's loopback addresses: a reply to such an address would stay in
	 * the container. */
	rule = nft_rule(nft, "postrouting");
	firewall_table_match_to_container(nft, rule, true);
	firewall_table_match_loopback(nft, rule, NFT_SOURCE);
	nft_masquerade(nft, rule);
	nft_put_rule(nft, rule);
}

void firewall_key(const struct firewall_member *member, uint8_t key[FIREWALL_KEY_SIZE])
{
	memcpy(key, member->link, IF_NAMESIZE);
	memcpy(key + IF_NAMESIZE, &member->address, sizeof(member->address));
}

static void firewall_table_put_member(struct nft *nft, const struct firewall_member *member)
{
	struct nftnl_set *elements = nft_elements(nft, FIREWALL_CONTAINERS);
	uint8_t key[FIREWALL_KEY_SIZE];

	firewall_key(member, key);
	nft_element(nft, elements, key, sizeof(key), false);
	nft_put_elements(nft, elements, false, "add container");
}

static void firewall_table_put_members(struct nft *nft, const struct firewall *firewall)
{
	struct nftnl_set *elements = NULL;
	uint8_t key[FIREWALL_KEY_SIZE];
	size_t n = 0;

	for (size_t i = 0; i < firewall->n_members; i++) {
		if (!firewall->members[i].link[0])
			continue;
		if (!elements)
			elements = nft_elements(nft, FIREWALL_CONTAINERS);
		firewall_key(&firewall->members[i], key);
		nft_element(nft, elements, key, sizeof(key), false);
		if (++n % NFT_ELEMENTS_MAX == 0) {
			nft_put_elements(nft, elements, false, "add containers");
			elements = NULL;
		}
	}
	if (elements)
		nft_put_elements(nft, elements, false, "add containers");
}

/* An interval is its first value and the value after it; one that ends at the maximum has no end.
 */
static void firewall_table_put_allowed(struct nft *nft, const struct firewall *firewall)
{
	nft_flush_set(nft, ALLOWED);
	for (size_t i = 0; i < firewall->n_allowed; i++) {
		const struct firewall_range *range = &firewall->allowed[i];
		struct nftnl_set *elements = nft_elements(nft, ALLOWED);
		uint32_t first = htonl(range->first), beyond = htonl(range->last + 1);

		nft_element(nft, elements, &first, sizeof(first), false);
		if (range->last != UINT32_MAX)
			nft_element(nft, elements, &beyond, sizeof(beyond), true);
		nft_put_elements(nft, elements, false, "add allow_networks");
	}
}

static void firewall_table_put_rule_set(const struct nft_set *set, void *nft)
{
	nft_add_set(nft, set);
}

static void firewall_table_put_found(struct nft *nft, const struct firewall *firewall)
{
	const struct firewall_clean *found = &firewall->found_members;

	for (size_t i = 0; i < found->n; i++) {
		struct firewall_member member = {.address = found->members[i].address};

		memcpy(member.link, found->members[i].link, sizeof(member.link));
		firewall_table_put_member(nft, &member);
	}
	firewall_elements_put(nft, &firewall->found, false);
}

static void firewall_table_put_sets(struct nft *nft, const struct firewall *firewall,
				    bool with_found)
{
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		nft_add_set(nft, &sets[i]);
	firewall_table_put_allowed(nft, firewall);
	firewall_table_put_members(nft, firewall);
	firewall_rule_sets_foreach(firewall_table_put_rule_set, nft);
	if (with_found)
		firewall_table_put_found(nft, firewall);
	for (size_t i = 0; i < firewall->n_members; i++)
		firewall_elements_put(nft, &firewall->members[i].elements, false);
}

/* Put after the chains that they jump to. */
static void firewall_table_put_loggers(struct nft *nft, const struct firewall *firewall)
{
	for (size_t i = 0; i < firewall->n_members; i++)
		if (firewall->members[i].logs)
			firewall_logger_put(nft, &firewall->members[i]);
}

/* Members of an earlier daemon's table stay, with their rules, because its containers still run. */
static void firewall_table_put(struct nft *nft, const struct firewall *firewall, bool with_found)
{
	const struct warden_settings *settings = firewall->host->settings;

	nft_add_table(nft, firewall->table_flags);
	for (size_t i = 0; i < ARRAY_SIZE(chains); i++)
		nft_add_chain(nft, chains[i].name, chains[i].hook);
	for (unsigned i = 0; i < FIREWALL_SHARDS; i++)
		nft_add_chain(nft, firewall_shard_chain(i), NULL);
	for (size_t i = 0; i < ARRAY_SIZE(chains); i++)
		nft_flush_chain(nft, chains[i].name);
	for (unsigned i = 0; i < FIREWALL_SHARDS; i++)
		nft_flush_chain(nft, firewall_shard_chain(i));
	firewall_table_put_sets(nft, firewall, with_found);
	firewall_table_put_refuse(nft);
	firewall_table_put_check(nft);
	firewall_table_put_seen(nft, settings->connection_mark);
	firewall_table_put_from_container(nft, settings);
	firewall_table_put_to_container(nft, firewall);
	firewall_table_put_forward(nft);
	firewall_table_put_input(nft);
	firewall_table_put_marking(nft, settings->connection_mark);
	firewall_table_put_nat(nft);
	firewall_table_put_shards(nft);
	firewall_table_put_accepted(nft, firewall);
	firewall_table_put_postrouting(nft);
	firewall_table_put_loggers(nft, firewall);
}

/* Size of the messages with the elements of rules. */
static size_t firewall_table_rules_size(const struct firewall *firewall)
{
	size_t size = firewall_elements_size(&firewall->found);

	for (size_t i = 0; i < firewall->n_members; i++) {
		size += firewall_elements_size(&firewall->members[i].elements);
		size += firewall->members[i].logs ? FIREWALL_LOGGER_SIZE : 0;
	}
	return size;
}

/* Size of the messages with the allowed networks. */
static size_t firewall_table_allowed_size(const struct firewall *firewall)
{
	return 4 * ELEMENT_SIZE * firewall->n_allowed;
}

static int firewall_table_try(struct firewall *firewall, bool anew, struct warden_error *err)
{
	struct warden_error ignored;
	_cleanup_nft_ struct nft nft;
	size_t size = TABLE_SIZE + ELEMENT_SIZE * firewall->n_members +
		      4 * ELEMENT_SIZE * firewall->found_members.n +
		      firewall_table_allowed_size(firewall) + firewall_table_rules_size(firewall);

	if (nft_begin(&nft, FIREWALL_TABLE, size, err) < 0)
		return -1;
	if (anew) {
		nft_add_table(&nft, 0); /* makes the deletion succeed */
		nft_delete_table(&nft);
	}
	firewall_table_put(&nft, firewall, anew || firewall->made);
	if (firewall_commit(firewall, &nft, err) < 0)
		return -1;
	firewall->made = true;
	/* Without the shape the next look at the table restores it. */
	(void)firewall_shape_read(&firewall->shape, &ignored);
	return 0;
}

int firewall_table_make(struct firewall *firewall, struct warden_error *err)
{
	if (firewall_table_try(firewall, false, err) == 0)
		return 0;
	/* A chain or set of this name has another type, from another version. */
	if (err->number != EEXIST && err->number != EINVAL && err->number != EOPNOTSUPP &&
	    err->number != EBUSY)
		return -1;
	return firewall_table_try(firewall, true, err);
}

int firewall_table_replace(struct firewall *firewall, struct warden_error *err)
{
	return firewall_table_try(firewall, true, err);
}

int firewall_table_replace_allowed(struct firewall *firewall, struct warden_error *err)
{
	_cleanup_nft_ struct nft nft;

	if (nft_begin(&nft, FIREWALL_TABLE,
		      2 * NETLINK_MESSAGE_MAX + firewall_table_allowed_size(firewall), err) < 0)
		return -1;
	firewall_table_put_allowed(&nft, firewall);
	return firewall_commit(firewall, &nft, err);
}

int firewall_table_remove(struct firewall *firewall, struct warden_error *err)
{
	_cleanup_nft_ struct nft nft;

	if (nft_begin(&nft, FIREWALL_TABLE, TABLE_SIZE, err) < 0)
		return -1;
	nft_delete_table(&nft);
	if (firewall_commit(firewall, &nft, err) < 0 && err->number != ENOENT)
		return -1;
	return 0;
}
