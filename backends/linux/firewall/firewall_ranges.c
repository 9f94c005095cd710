/* SPDX-License-Identifier: Apache-2.0 */
/* Parses ranges of addresses and sorts and joins them, as a set of intervals needs. */
#include "backends/linux/firewall/firewall_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int firewall_ranges_parse_address(const char *text, size_t length, uint32_t *address)
{
	char copy[INET_ADDRSTRLEN];
	struct in_addr in;

	if (length >= sizeof(copy))
		return -1;
	memcpy(copy, text, length);
	copy[length] = '\0';
	if (inet_pton(AF_INET, copy, &in) != 1)
		return -1;
	*address = ntohl(in.s_addr);
	return 0;
}

/* The length of a prefix: one or two digits, at most 32. */
static int firewall_ranges_parse_prefix(const char *text)
{
	size_t length = strspn(text, "0123456789");
	int prefix = atoi(text);

	return length > 0 && length <= 2 && !text[length] && prefix <= 32 ? prefix : -1;
}

/* "A", "A/N" or "A-B". */
static int firewall_ranges_parse_range(const char *text, struct firewall_range *range)
{
	size_t length = strcspn(text, "/-");
	uint32_t host;
	int prefix;

	if (firewall_ranges_parse_address(text, length, &range->first) < 0)
		return -1;
	range->last = range->first;
	if (text[length] == '-')
		return firewall_ranges_parse_address(text + length + 1, strlen(text + length + 1),
						     &range->last) == 0 &&
				       range->first <= range->last
			       ? 0
			       : -1;
	if (text[length] == '\0')
		return 0;
	prefix = firewall_ranges_parse_prefix(text + length + 1);
	if (prefix < 0)
		return -1;
	host = prefix == 0 ? UINT32_MAX : (1u << (32 - prefix)) - 1;
	range->first &= ~host;
	range->last = range->first | host;
	return 0;
}

/* Adds a range, without the link-local addresses if it reaches beyond them; adds at most two
 * ranges. */
static size_t firewall_ranges_add(struct firewall_range *ranges, struct firewall_range range)
{
	size_t n = 0;

	if ((range.first >= FIREWALL_LINK_LOCAL_FIRST && range.last <= FIREWALL_LINK_LOCAL_LAST) ||
	    range.last < FIREWALL_LINK_LOCAL_FIRST || range.first > FIREWALL_LINK_LOCAL_LAST) {
		ranges[n++] = range;
		return n;
	}
	if (range.first < FIREWALL_LINK_LOCAL_FIRST)
		ranges[n++] = (struct firewall_range){range.first, FIREWALL_LINK_LOCAL_FIRST - 1};
	if (range.last > FIREWALL_LINK_LOCAL_LAST)
		ranges[n++] = (struct firewall_range){FIREWALL_LINK_LOCAL_LAST + 1, range.last};
	return n;
}

static int firewall_ranges_compare(const void *a, const void *b)
{
	const struct firewall_range *first = a, *second = b;

	return first->first < second->first ? -1 : first->first > second->first;
}

/* Joins adjacent and overlapping ranges; the input is sorted. */
static size_t firewall_ranges_join(struct firewall_range *ranges, size_t n)
{
	size_t last = 0;

	for (size_t i = 1; i < n; i++) {
		if (ranges[last].last == UINT32_MAX || ranges[i].first <= ranges[last].last + 1) {
			if (ranges[i].last > ranges[last].last)
				ranges[last].last = ranges[i].last;
		} else {
			ranges[++last] = ranges[i];
		}
	}
	return n == 0 ? 0 : last + 1;
}

int firewall_ranges_read(const char *const *texts, struct firewall_range **result, size_t *n,
			 struct warden_error *err)
{
	struct firewall_range *ranges, range;
	size_t count = 0, used = 0;

	while (texts[count])
		count++;
	ranges = calloc(2 * count + 1, sizeof(*ranges));
	if (!ranges)
		return warden_error_errno(err, "allow_networks");
	for (size_t i = 0; i < count; i++) {
		if (firewall_ranges_parse_range(texts[i], &range) < 0) {
			free(ranges);
			return warden_error_set(
				err, "allow_networks: %s is no address, CIDR or A-B", texts[i]);
		}
		used += firewall_ranges_add(ranges + used, range);
	}
	qsort(ranges, used, sizeof(*ranges), firewall_ranges_compare);
	*n = firewall_ranges_join(ranges, used);
	*result = ranges;
	return 0;
}
