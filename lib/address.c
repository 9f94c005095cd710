/* SPDX-License-Identifier: Apache-2.0 */
/* Parses IPv4 addresses, networks and ranges; see address.h. */
#include <config.h>

#include "lib/address.h"

#include <arpa/inet.h>
#include <string.h>

bool address_parse(const char *text, uint32_t *address)
{
	struct in_addr in;

	if (inet_pton(AF_INET, text, &in) != 1)
		return false;
	*address = ntohl(in.s_addr);
	return true;
}

/* Copies the text before the separator. False if there is none, or if the text is too long for an
 * address. */
static bool address_split(const char *text, char separator, char before[INET_ADDRSTRLEN],
			  const char **after)
{
	const char *at = strchr(text, separator);

	if (!at || at - text >= INET_ADDRSTRLEN)
		return false;
	memcpy(before, text, (size_t)(at - text));
	before[at - text] = '\0';
	*after = at + 1;
	return true;
}

/* One or two digits, 0 to 32, no leading zero. */
static bool address_parse_prefix(const char *text, unsigned *prefix)
{
	size_t digits = strspn(text, "0123456789");

	if (digits < 1 || digits > 2 || text[digits] != '\0' || (digits == 2 && text[0] == '0'))
		return false;
	*prefix = (unsigned)(text[0] - '0');
	if (digits == 2)
		*prefix = *prefix * 10 + (unsigned)(text[1] - '0');
	return *prefix <= 32;
}

bool address_parse_cidr(const char *text, uint32_t *network, unsigned *prefix)
{
	char address[INET_ADDRSTRLEN];
	const char *bits;

	if (!address_split(text, '/', address, &bits) || !address_parse(address, network) ||
	    !address_parse_prefix(bits, prefix))
		return false;
	*network &= *prefix ? UINT32_MAX << (32 - *prefix) : 0;
	return true;
}

bool address_parse_range(const char *text, uint32_t *first, uint32_t *last)
{
	char address[INET_ADDRSTRLEN];
	const char *end;
	unsigned prefix;

	if (address_parse(text, first)) {
		*last = *first;
		return true;
	}
	if (address_parse_cidr(text, first, &prefix)) {
		*last = *first | (prefix ? ~(UINT32_MAX << (32 - prefix)) : UINT32_MAX);
		return true;
	}
	return address_split(text, '-', address, &end) && address_parse(address, first) &&
	       address_parse(end, last) && *first <= *last;
}

bool address_is_ip(const char *text)
{
	struct in6_addr any;

	return inet_pton(AF_INET, text, &any) == 1 || inet_pton(AF_INET6, text, &any) == 1;
}
