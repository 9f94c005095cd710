/* SPDX-License-Identifier: Apache-2.0 */
/* The sets that hold rules. Newer kernels walk through a whole set with ranges when it changes; so
 * there are several of each, and consecutive addresses of containers are spread over them. */
#include "backends/linux/firewall/firewall_private.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "lib/cleanup.h"

/* The lowest two bits of an address in a /30 are the same for all containers. */
#define SHARD_SHIFT 2

/* The kernel treats a range over several parts as one number. The set has a plain nft(8) type of
 * that length, because nft(8) would make a concatenation a different kind of set (pipapo), which is
 * slow to change. */
static const struct nft_set kinds[FIREWALL_RULE_SETS] = {
	[FIREWALL_FORWARDS] =
		{
			.name = "forwards",
			.key_type = NFT_TYPE_PAIR(NFT_TYPE_PROTOCOL, NFT_TYPE_PORT),
			.key_length = 8,
			.data_type = NFT_TYPE_PAIR(NFT_TYPE_IPV4, NFT_TYPE_PORT),
			.data_length = 8,
		},
	[FIREWALL_OUT_NETWORKS] =
		{
			.name = "out_networks",
			.key_type = NFT_TYPE_BYTES,
			.key_length = 8,
			.interval = true,
			.data_type = NFT_TYPE_PRIORITY,
			.data_length = 4,
		},
	[FIREWALL_OUT_PORTS] =
		{
			.name = "out_ports",
			.key_type = NFT_TYPE_IPV6,
			.key_length = 16,
			.interval = true,
		},
	[FIREWALL_OUT_LOGGED] =
		{
			.name = "out_logged",
			.key_type = NFT_TYPE_IPV6,
			.key_length = 16,
			.interval = true,
		},
	[FIREWALL_OUT_ALL] =
		{
			.name = "out_all",
			.key_type = NFT_TYPE_PAIR(NFT_TYPE_IPV4, NFT_TYPE_PRIORITY),
			.key_length = 8,
		},
};

/* Names and sets of the shards, filled in once by firewall_shards_init. */
static struct {
	char chain[16];
	char names[FIREWALL_RULE_SETS][24];
	struct nft_set sets[FIREWALL_RULE_SETS];
} shards[FIREWALL_SHARDS];

void firewall_shards_init(void)
{
	for (unsigned i = 0; i < FIREWALL_SHARDS; i++) {
		snprintf(shards[i].chain, sizeof(shards[i].chain), "shard_%u", i);
		for (size_t k = 0; k < FIREWALL_RULE_SETS; k++) {
			snprintf(shards[i].names[k], sizeof(shards[i].names[k]), "%s_%u",
				 kinds[k].name, i);
			shards[i].sets[k] = kinds[k];
			shards[i].sets[k].name = shards[i].names[k];
		}
	}
}

unsigned firewall_shard_of(struct in_addr container)
{
	return ntohl(container.s_addr) >> SHARD_SHIFT & (FIREWALL_SHARDS - 1);
}

struct in_addr firewall_shard_key(unsigned shard)
{
	return (struct in_addr){htonl(shard << SHARD_SHIFT)};
}

struct in_addr firewall_shard_mask(void)
{
	return firewall_shard_key(FIREWALL_SHARDS - 1);
}

const char *firewall_shard_chain(unsigned shard)
{
	return shards[shard].chain;
}

const struct nft_set *firewall_rule_set(enum firewall_rule_set set, unsigned shard)
{
	return kinds[set].interval ? &shards[shard].sets[set] : &kinds[set];
}

void firewall_rule_sets_foreach(void (*call)(const struct nft_set *set, void *data), void *data)
{
	for (int set = 0; set < FIREWALL_RULE_SETS; set++)
		for (unsigned i = 0; i < (kinds[set].interval ? FIREWALL_SHARDS : 1); i++)
			call(firewall_rule_set((enum firewall_rule_set)set, i), data);
}
