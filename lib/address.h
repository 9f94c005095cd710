/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 addresses and ranges of them as people write them. Numbers are in host byte order. */
#ifndef LIB_ADDRESS_H
#define LIB_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

/* A.B.C.D, and nothing else: no leading zeros, no short forms. */
bool address_parse(const char *text, uint32_t *address);

/* A.B.C.D/N: bits of the address behind the prefix are dropped. */
bool address_parse_cidr(const char *text, uint32_t *network, unsigned *prefix);

/* An address, CIDR, or A.B.C.D-E.F.G.H (first not above last). */
bool address_parse_range(const char *text, uint32_t *first, uint32_t *last);

/* Whether the text is an IPv4 or IPv6 address, without a zone. */
bool address_is_ip(const char *text);

#endif
