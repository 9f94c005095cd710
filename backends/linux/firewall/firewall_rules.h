/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiles the rules of a container into elements of the table's sets. The rules of the table are
 * the same for any number of containers, and so are a packet's path and the time of a change. No
 * element has a verdict, because the kernel would validate the whole table at each change.
 *
 * Outbound rules are two-dimensional, by address and port, and sets of ranges have one dimension.
 * So the address space is cut where a rule begins or ends; segments with the same allowed ports
 * share a class; `out_networks` maps container and address to the class, and the other sets hold
 * the allowed ports by container and class.
 *
 * A rule for everywhere is about the outside. So an address has two classes in one value: that of
 * all rules in the lower FIREWALL_CLASS_BITS; above, for destinations that are containers or the
 * host, that of the rules whose network is narrower.
 */
#ifndef BACKENDS_LINUX_FIREWALL_FIREWALL_RULES_H
#define BACKENDS_LINUX_FIREWALL_FIREWALL_RULES_H

#include "warden/backend.h"

/* 169.254.0.0/16: the metadata services of clouds, which hand out the host's credentials, listen
 * here. A rule for a range that is wider than this network excludes it; a rule within it includes
 * it. */
#define FIREWALL_LINK_LOCAL_FIRST 0xa9fe0000u
#define FIREWALL_LINK_LOCAL_LAST  0xa9feffffu

#define FIREWALL_CLASS_BITS 16

/* Sets that hold rules. */
enum firewall_rule_set {
	FIREWALL_FORWARDS,     /* protocol, host port -> address, port of a container */
	FIREWALL_OUT_NETWORKS, /* container, range of addresses -> class */
	FIREWALL_OUT_PORTS,    /* container, class, protocol, range of ports (ICMP: types, codes) */
	FIREWALL_OUT_LOGGED,   /* likewise, TCP only */
	FIREWALL_OUT_ALL,      /* container, class: all protocols */
	FIREWALL_RULE_SETS,
};

#define FIREWALL_RULE_KEY_MAX  16
#define FIREWALL_RULE_DATA_MAX 8

/* Only bytes, so that memcmp orders elements. `beyond` is unused in a set without ranges. */
struct firewall_element {
	uint8_t set;
	uint8_t first[FIREWALL_RULE_KEY_MAX];
	uint8_t beyond[FIREWALL_RULE_KEY_MAX]; /* the first value after the range */
	uint8_t data[FIREWALL_RULE_DATA_MAX];
};

struct firewall_elements {
	struct firewall_element *list; /* ascending */
	size_t n;
};

/* Compiles the rules of a container; the caller frees the list. */
int firewall_rules_compile(const struct warden_rules *rules, struct in_addr container,
			   struct firewall_elements *elements, struct warden_error *err);

/* Whether a rule is for everywhere: it names nobody, so it does not open the way to containers and
 * the host. */
bool firewall_rules_is_everywhere(const struct warden_out_rule *rule);

/* Compares two elements, for qsort and bsearch. */
int firewall_element_compare(const void *a, const void *b);

/* The address of the container that an element belongs to. */
struct in_addr firewall_element_container(const struct firewall_element *element);

#endif
