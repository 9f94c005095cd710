/* SPDX-License-Identifier: Apache-2.0 */
/* Parses IPv4 addresses, networks and ranges in text. Numbers are in host byte order. Each function
 * returns false if the text is not of the form. */
#ifndef LIB_ADDRESS_H
#define LIB_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

/* Parses A.B.C.D without leading zeros or short forms. */
bool address_parse(const char *text, uint32_t *address);

/* Parses A.B.C.D/N. Address bits behind the prefix are cleared. */
bool address_parse_cidr(const char *text, uint32_t *network, unsigned *prefix);

/* Parses an address, a CIDR network, or A.B.C.D-E.F.G.H (first not above last). */
bool address_parse_range(const char *text, uint32_t *first, uint32_t *last);

/* Whether the text is an IPv4 or IPv6 address, without a zone. */
bool address_is_ip(const char *text);

#endif
