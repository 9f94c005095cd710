/* SPDX-License-Identifier: Apache-2.0 */
/* Warnings about allow_networks that let containers reach each other or the host, and about rules
 * of a container for a range of addresses that contains the host's. */
#include "backends/linux/firewall/firewall_private.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <stdlib.h>

#define FIREWALL_OPENINGS_MORE 48

/* An address of the host that an entry covers, and how many there are. */
struct firewall_opening {
	char address[INET_ADDRSTRLEN];
	const char *link;
	size_t n;
};

static struct firewall_range firewall_openings_pool(const struct warden_settings *settings)
{
	uint32_t first = ntohl(settings->pool_network.s_addr);

	return (struct firewall_range){first, first + 4 * settings->pool_networks - 1};
}

static bool firewall_openings_overlap(const struct firewall_range *ranges, size_t n,
				      struct firewall_range other)
{
	for (size_t i = 0; i < n; i++)
		if (ranges[i].first <= other.last && ranges[i].last >= other.first)
			return true;
	return false;
}

/* A range that is wider than the link-local addresses opens none of these; see firewall_rules.h. */
static bool firewall_openings_contain(const struct firewall_range *ranges, size_t n,
				      uint32_t address)
{
	const struct firewall_range link_local = {FIREWALL_LINK_LOCAL_FIRST,
						  FIREWALL_LINK_LOCAL_LAST};
	const struct firewall_range one = {address, address};
	bool named = firewall_openings_overlap(&link_local, 1, one);

	for (size_t i = 0; i < n; i++)
		if (firewall_openings_overlap(&ranges[i], 1, one) &&
		    (!named ||
		     (ranges[i].first >= link_local.first && ranges[i].last <= link_local.last)))
			return true;
	return false;
}

static void firewall_openings_log_pool(const struct warden_host *host, const char *network)
{
	struct firewall_range pool = firewall_openings_pool(host->settings);
	struct in_addr first = {htonl(pool.first)}, last = {htonl(pool.last)};
	char from[INET_ADDRSTRLEN], to[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &first, from, sizeof(from));
	inet_ntop(AF_INET, &last, to, sizeof(to));
	host->log(host, WARDEN_LOG_WARN, NULL,
		  "network.allow_networks: %s overlaps the containers' own networks %s-%s: every "
		  "container reaches those in it",
		  network, from, to);
}

/* Loopback addresses stay closed to containers, and those of the pool are the other ends of their
 * links. */
static void firewall_openings_count(struct firewall_opening *opening, const struct ifaddrs *link,
				    const struct firewall_range *ranges, size_t n,
				    struct firewall_range pool)
{
	const struct sockaddr_in *in = (const void *)link->ifa_addr;
	struct firewall_range own;

	if (!in || in->sin_family != AF_INET)
		return;
	own.first = own.last = ntohl(in->sin_addr.s_addr);
	if (own.first >> IN_CLASSA_NSHIFT == IN_LOOPBACKNET ||
	    firewall_openings_overlap(&pool, 1, own) ||
	    !firewall_openings_contain(ranges, n, own.first))
		return;
	if (opening->n++ > 0)
		return;
	opening->link = link->ifa_name;
	inet_ntop(AF_INET, &in->sin_addr, opening->address, sizeof(opening->address));
}

static void firewall_openings_format_more(const struct firewall_opening *opening,
					  char more[FIREWALL_OPENINGS_MORE])
{
	*more = '\0';
	if (opening->n > 1)
		snprintf(more, FIREWALL_OPENINGS_MORE, " and %zu more of its addresses",
			 opening->n - 1);
}

static void firewall_openings_log_host(const struct warden_host *host, const char *network,
				       const struct ifaddrs *links,
				       const struct firewall_range *ranges, size_t n)
{
	struct firewall_range pool = firewall_openings_pool(host->settings);
	struct firewall_opening opening = {.n = 0};
	char more[FIREWALL_OPENINGS_MORE];

	for (const struct ifaddrs *link = links; link; link = link->ifa_next)
		firewall_openings_count(&opening, link, ranges, n, pool);
	if (opening.n == 0)
		return;
	firewall_openings_format_more(&opening, more);
	host->log(host, WARDEN_LOG_WARN, NULL,
		  "network.allow_networks: %s includes the host's address %s (%s)%s: containers "
		  "reach what listens there",
		  network, opening.address, opening.link, more);
}

void firewall_openings_log(const struct warden_host *host, const char *const *networks)
{
	struct ifaddrs *links = NULL;

	/* Without the list only warnings are lost. */
	if (networks[0] && !host->settings->allow_host_access && getifaddrs(&links) < 0)
		links = NULL;
	for (size_t i = 0; networks[i]; i++) {
		const char *const one[] = {networks[i], NULL};
		struct firewall_range *ranges;
		struct warden_error ignored; /* they were read before */
		size_t n;

		if (firewall_ranges_read(one, &ranges, &n, &ignored) < 0)
			continue;
		if (firewall_openings_overlap(ranges, n, firewall_openings_pool(host->settings)))
			firewall_openings_log_pool(host, networks[i]);
		firewall_openings_log_host(host, networks[i], links, ranges, n);
		free(ranges);
	}
	freeifaddrs(links);
}

/* A rule for one address is meant as it is, and one for everywhere does not open the host. */
static bool firewall_openings_is_range(const struct warden_out_rule *rule)
{
	return rule->first.s_addr != rule->last.s_addr && !firewall_rules_is_everywhere(rule);
}

/* FNV-1a, by addresses in place of bytes. */
static void firewall_openings_add_digest(uint64_t *digest, const struct warden_out_rule *rule)
{
	uint64_t both = (uint64_t)rule->first.s_addr << 32 | rule->last.s_addr;

	*digest = (*digest ^ both) * UINT64_C(0x100000001b3);
}

static uint64_t firewall_openings_digest_ranges(const struct warden_rules *rules)
{
	uint64_t digest = 0;

	for (size_t i = 0; i < rules->n_out; i++) {
		const struct warden_out_rule *rule = WARDEN_ELEMENT(rules->out, rules->out_size, i);

		if (firewall_openings_is_range(rule))
			firewall_openings_add_digest(&digest, rule);
	}
	return digest;
}

/* The addresses of the host that a rule contains, those of containers' links too. */
static struct firewall_opening firewall_openings_find(const struct ifaddrs *links,
						      const struct warden_out_rule *rule)
{
	const struct firewall_range range = {ntohl(rule->first.s_addr), ntohl(rule->last.s_addr)};
	const struct firewall_range none = {1, 0};
	struct firewall_opening opening = {.n = 0};

	for (const struct ifaddrs *link = links; link; link = link->ifa_next)
		firewall_openings_count(&opening, link, &range, 1, none);
	return opening;
}

static void firewall_openings_log_rule(const struct warden_host *host, const char *id,
				       const struct warden_out_rule *rule,
				       const struct firewall_opening *opening)
{
	char from[INET_ADDRSTRLEN], to[INET_ADDRSTRLEN], more[FIREWALL_OPENINGS_MORE];

	inet_ntop(AF_INET, &rule->first, from, sizeof(from));
	inet_ntop(AF_INET, &rule->last, to, sizeof(to));
	firewall_openings_format_more(opening, more);
	host->log(host, WARDEN_LOG_WARN, id,
		  "net_out: %s-%s includes the host's address %s (%s)%s: the container reaches "
		  "what listens there",
		  from, to, opening->address, opening->link, more);
}

void firewall_openings_log_rules(const struct warden_host *host,
				 const struct warden_identity *identity,
				 const struct warden_rules *rules, struct firewall_noted *noted)
{
	const uint64_t ranges = firewall_openings_digest_ranges(rules);
	const struct warden_out_rule *newest = NULL;
	struct firewall_opening opening = {.n = 0};
	struct ifaddrs *links;
	uint64_t openings = 0;

	if (host->settings->allow_host_access || ranges == noted->ranges)
		return;
	if (ranges == 0) {
		*noted = (struct firewall_noted){0};
		return;
	}
	/* Without the list of links only a warning is lost. */
	if (getifaddrs(&links) < 0)
		return;
	for (size_t i = rules->n_out; i-- > 0;) {
		const struct warden_out_rule *rule = WARDEN_ELEMENT(rules->out, rules->out_size, i);
		struct firewall_opening found = {.n = 0};

		if (firewall_openings_is_range(rule))
			found = firewall_openings_find(links, rule);
		if (found.n == 0)
			continue;
		firewall_openings_add_digest(&openings, rule);
		newest = rule;
		opening = found;
	}
	if (newest && openings != noted->openings)
		firewall_openings_log_rule(host, identity->id, newest, &opening);
	*noted = (struct firewall_noted){ranges, openings};
	freeifaddrs(links);
}
