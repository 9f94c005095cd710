/* SPDX-License-Identifier: Apache-2.0 */
/* What this kernel's nf_tables can do for the table: found by a transaction that makes a table of
 * another name and deletes it again. */
#include "backends/linux/firewall/firewall_private.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/cleanup.h"

static const struct nft_set probe_set = {
	.name = "probe",
	.key_type = NFT_TYPE_IPV4,
	.key_length = sizeof(struct in_addr),
	.size = 1,
	.by_rules = true,
};

static int firewall_features_try(int fd, uint32_t flags, bool counts, struct warden_error *err)
{
	_cleanup_nft_ struct nft nft = {0};
	struct nftnl_rule *rule;
	char name[32];

	snprintf(name, sizeof(name), FIREWALL_TABLE "-probe-%d", getpid());
	if (nft_begin(&nft, name, 12 * NETLINK_MESSAGE_MAX, err) < 0)
		return -1;
	nft_add_table(&nft, flags);
	nft_add_chain(&nft, "probe", NULL);
	if (counts) {
		nft_add_set(&nft, &probe_set);
		rule = nft_rule(&nft, "probe");
		nft_match_connections(&nft, rule, NFT_SOURCE, probe_set.name, 1);
		nft_put_rule(&nft, rule);
	}
	nft_delete_table(&nft);
	return nft_commit(&nft, fd, err);
}

int firewall_features_find(struct firewall_features *features, struct warden_error *err)
{
	static const uint32_t flags[] = {NFT_TABLE_OWNER | NFT_TABLE_PERSIST, NFT_TABLE_OWNER, 0};
	_cleanup_close_ int fd = netlink_open(NETLINK_NETFILTER, err);
	struct warden_error unsupported;
	int result = -1;

	*features = (struct firewall_features){0};
	if (fd < 0)
		return -1;
	for (size_t i = 0; result < 0 && i < ARRAY_SIZE(flags); i++) {
		features->table_flags = flags[i];
		result = firewall_features_try(fd, flags[i], false, err);
	}
	if (result == 0)
		features->counts = firewall_features_try(fd, 0, true, &unsupported) == 0;
	return result;
}

int firewall_check(struct warden_error *err)
{
	struct firewall_features features;

	return firewall_features_find(&features, err);
}

static void firewall_features_describe_table(const struct firewall_features *features, bool own,
					     const struct host_report *to)
{
	static const char name[] = "firewall table";

	if (!own)
		host_report_fact(to, name, "any program may flush it",
				 "containers are not filtered from a flush until it is restored, "
				 "and while no daemon runs",
				 "network.own_table = true");
	else if (!(features->table_flags & NFT_TABLE_OWNER))
		host_report_fact(to, name, "any program may flush it: no owner in this kernel",
				 "containers are not filtered from a flush until it is restored, "
				 "and while no daemon runs",
				 "Linux 5.12");
	else if (!(features->table_flags & NFT_TABLE_PERSIST))
		host_report_fact(to, name, "owned, and gone with its owner",
				 "containers are not filtered if both wardend and warden-holder "
				 "are killed, until the next start",
				 "Linux 6.9");
	else
		host_report_fact(to, name, "owned, and stays without its owner", NULL, NULL);
}

void firewall_features_describe(const struct firewall_features *features,
				const struct host_report *to)
{
	const struct warden_settings *settings = to->host->settings;
	char value[32];

	firewall_features_describe_table(features, settings->own_table, to);
	snprintf(value, sizeof(value), "%u of a container", settings->max_connections);
	if (settings->max_connections == 0)
		host_report_fact(to, "connections", "any number",
				 "a container can fill the host's connection tracking",
				 "network.max_connections = 16384");
	else if (!features->counts)
		host_report_fact(to, "connections", "any number: the kernel cannot count them",
				 "a container can fill the host's connection tracking",
				 "a kernel with CONFIG_NFT_CONNLIMIT");
	else
		host_report_fact(to, "connections", value, NULL, NULL);
}
