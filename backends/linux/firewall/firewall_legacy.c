/* SPDX-License-Identifier: Apache-2.0 */
/* Legacy iptables, which the kernel evaluates besides nf_tables: reads only the policy of its
 * FORWARD chain. */
#include "backends/linux/firewall/firewall_private.h"

#include <linux/netfilter_ipv4/ip_tables.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/cleanup.h"

#define TABLE "filter"

/* A query for a table would create it, so query only an existing one. */
static bool firewall_legacy_has_table(void)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/thread-self/net/ip_tables_names", "re");
	char line[64];

	while (file && fgets(line, sizeof(line), file))
		if (strcmp(line, TABLE "\n") == 0)
			return true;
	return false;
}

/* Whether the last rule of a chain, whose target is the policy, drops. */
static bool firewall_legacy_is_drop(const struct ipt_get_entries *entries, unsigned offset)
{
	const char *table = (const char *)entries->entrytable;
	struct xt_standard_target target;
	struct ipt_entry entry;

	if (offset > entries->size || entries->size - offset < sizeof(entry))
		return false;
	memcpy(&entry, table + offset, sizeof(entry));
	offset += entry.target_offset;
	if (offset > entries->size || entries->size - offset < sizeof(target))
		return false;
	memcpy(&target, table + offset, sizeof(target));
	return target.target.u.user.name[0] == '\0' && target.verdict == -NF_DROP - 1;
}

bool firewall_legacy_drops(void)
{
	_cleanup_close_ int fd = -1;
	_cleanup_free_ struct ipt_get_entries *entries = NULL;
	struct ipt_getinfo info = {.name = TABLE};
	socklen_t length = sizeof(info);

	if (!firewall_legacy_has_table())
		return false;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || getsockopt(fd, IPPROTO_IP, IPT_SO_GET_INFO, &info, &length) < 0)
		return false;
	length = (socklen_t)(sizeof(*entries) + info.size);
	entries = calloc(1, length);
	if (!entries)
		return false;
	memcpy(entries->name, TABLE, sizeof(TABLE));
	entries->size = info.size;
	if (getsockopt(fd, IPPROTO_IP, IPT_SO_GET_ENTRIES, entries, &length) < 0)
		return false;
	return firewall_legacy_is_drop(entries, info.underflow[NF_INET_FORWARD]);
}
