/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules of a container as elements of the table's sets. The rules of the table are the same for any
 * number of containers, and so are a packet's way and the time of a change: no element has a
 * verdict, for which the kernel would look through the whole table at each change.
 *
 * Outbound rules are two-dimensional, by address and port, and sets of ranges have one dimension.
 * So the addresses are cut where a rule begins or ends; pieces for which the same ports are allowed
 * share a class; `out_networks` maps container and address to the class, and the other sets tell by
 * container and class which ports are allowed.
 */
#ifndef BACKENDS_LINUX_FIREWALL_FIREWALL_RULES_H
#define BACKENDS_LINUX_FIREWALL_FIREWALL_RULES_H

#include "warden/backend.h"

/* 169.254.0.0/16: there the metadata services of clouds listen, which hand out the host's keys. A
 * rule for more than these addresses leaves them out; who names them gets them. */
#define FIREWALL_LINK_LOCAL_FIRST 0xa9fe0000u
#define FIREWALL_LINK_LOCAL_LAST  0xa9feffffu

/* Sets that hold rules. */
enum firewall_rule_set {
	FIREWALL_FORWARDS,     /* protocol, port -> address, port of a container */
	FIREWALL_OUT_NETWORKS, /* container, range of addresses -> class */
	FIREWALL_OUT_PORTS,    /* container, class, protocol, range of ports (ICMP: types, codes) */
	FIREWALL_OUT_LOGGED,   /* likewise, of TCP */
	FIREWALL_OUT_ALL,      /* container, class: every protocol */
	FIREWALL_RULE_SETS,
};

#define FIREWALL_RULE_KEY_MAX  16
#define FIREWALL_RULE_DATA_MAX 8

/* Bytes alone, so that memcmp orders them. A set without ranges has no `beyond`. */
struct firewall_element {
	uint8_t set;
	uint8_t first[FIREWALL_RULE_KEY_MAX];
	uint8_t beyond[FIREWALL_RULE_KEY_MAX]; /* the first value that no longer is in the range */
	uint8_t data[FIREWALL_RULE_DATA_MAX];
};

struct firewall_elements {
	struct firewall_element *list; /* ascending */
	size_t n;
};

/* Makes the elements of a container's rules, to be freed. */
int firewall_rules_compile(const struct warden_rules *rules, struct in_addr container,
			   struct firewall_elements *elements, struct warden_error *err);

/* Ascending; for qsort. */
int firewall_element_compare(const void *a, const void *b);

/* The container that an element is about. */
struct in_addr firewall_element_container(const struct firewall_element *element);

#endif
