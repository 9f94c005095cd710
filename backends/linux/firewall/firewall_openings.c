/* SPDX-License-Identifier: Apache-2.0 */
/* Warnings about allow_networks that let containers reach each other or the host. */
#include "backends/linux/firewall/firewall_private.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <stdlib.h>

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
	    firewall_openings_overlap(&pool, 1, own) || !firewall_openings_overlap(ranges, n, own))
		return;
	if (opening->n++ > 0)
		return;
	opening->link = link->ifa_name;
	inet_ntop(AF_INET, &in->sin_addr, opening->address, sizeof(opening->address));
}

static void firewall_openings_log_host(const struct warden_host *host, const char *network,
				       const struct ifaddrs *links,
				       const struct firewall_range *ranges, size_t n)
{
	struct firewall_range pool = firewall_openings_pool(host->settings);
	struct firewall_opening opening = {.n = 0};
	char more[48] = "";

	for (const struct ifaddrs *link = links; link; link = link->ifa_next)
		firewall_openings_count(&opening, link, ranges, n, pool);
	if (opening.n == 0)
		return;
	if (opening.n > 1)
		snprintf(more, sizeof(more), " and %zu more of its addresses", opening.n - 1);
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
