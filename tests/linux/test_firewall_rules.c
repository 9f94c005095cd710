/* SPDX-License-Identifier: Apache-2.0 */
/* Outbound rules compiled into elements of sets: the sets accept the same packets as the rules
 * evaluated one by one. */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "backends/linux/firewall/firewall_rules.h"
#include "lib/cleanup.h"

enum { RULES = 6, ROUNDS = 3000, PACKETS = 60 };

static const struct in_addr container = {0x0200fe0a}; /* 10.254.0.2 */

struct test_packet {
	uint32_t address;
	uint8_t protocol;
	uint16_t port; /* ICMP: type * 256 + code */
	bool inside;   /* to a container or the host */
};

enum verdict { REFUSED, ACCEPTED, LOGGED };

static struct warden_out_rule test_rules_make_rule(uint32_t first, uint32_t last,
						   enum warden_protocol protocol,
						   uint16_t first_port, uint16_t last_port)
{
	return (struct warden_out_rule){.first.s_addr = htonl(first),
					.last.s_addr = htonl(last),
					.protocol = protocol,
					.first_port = first_port,
					.last_port = last_port,
					.icmp_type = -1,
					.icmp_code = -1};
}

/* Only a rule within the link-local network includes cloud metadata. */
static bool test_rules_is_spared(const struct warden_out_rule *rule, uint32_t address)
{
	return address >> 16 == 0xa9fe && (ntohl(rule->first.s_addr) >> 16 != 0xa9fe ||
					   ntohl(rule->last.s_addr) >> 16 != 0xa9fe);
}

static bool test_rules_rule_matches(const struct warden_out_rule *rule,
				    const struct test_packet *packet)
{
	if (packet->address < ntohl(rule->first.s_addr) ||
	    packet->address > ntohl(rule->last.s_addr) ||
	    test_rules_is_spared(rule, packet->address) ||
	    (packet->inside && rule->first.s_addr == 0 && rule->last.s_addr == INADDR_NONE))
		return false;
	switch (rule->protocol) {
	case WARDEN_ALL:
		return true;
	case WARDEN_ICMP:
		return packet->protocol == IPPROTO_ICMP &&
		       (rule->icmp_type < 0 || rule->icmp_type == packet->port >> 8) &&
		       (rule->icmp_code < 0 || rule->icmp_code == (packet->port & 0xff));
	default:
		return packet->protocol ==
			       (rule->protocol == WARDEN_UDP ? IPPROTO_UDP : IPPROTO_TCP) &&
		       packet->port >= rule->first_port && packet->port <= rule->last_port;
	}
}

static enum verdict test_rules_judge_by_rules(const struct warden_rules *rules,
					      const struct test_packet *packet)
{
	for (size_t i = 0; i < rules->n_out; i++)
		if (test_rules_rule_matches(&rules->out[i], packet))
			return rules->out[i].log && packet->protocol == IPPROTO_TCP ? LOGGED
										    : ACCEPTED;
	return REFUSED;
}

/* Looks a key up as the kernel does; NULL if there is no element. Overlapping ranges, which the
 * kernel rejects, fail the test. */
static const struct firewall_element *test_rules_find(const struct firewall_elements *elements,
						      enum firewall_rule_set set,
						      const uint8_t *key, bool range)
{
	const struct firewall_element *found = NULL;

	for (size_t i = 0; i < elements->n; i++) {
		const struct firewall_element *element = &elements->list[i];

		if (element->set != set)
			continue;
		if (range ? memcmp(element->first, key, FIREWALL_RULE_KEY_MAX) > 0 ||
				    memcmp(element->beyond, key, FIREWALL_RULE_KEY_MAX) <= 0
			  : memcmp(element->first, key, FIREWALL_RULE_KEY_MAX) != 0)
			continue;
		unit_true(found == NULL);
		found = element;
	}
	return found;
}

static enum verdict test_rules_judge_by_sets(const struct firewall_elements *elements,
					     const struct test_packet *packet)
{
	uint8_t key[FIREWALL_RULE_KEY_MAX] = {0};
	uint32_t address = htonl(packet->address);
	uint16_t port = htons(packet->port);
	uint32_t class;
	const struct firewall_element *network;

	memcpy(key, &container, sizeof(container));
	memcpy(key + 4, &address, sizeof(address));
	network = test_rules_find(elements, FIREWALL_OUT_NETWORKS, key, true);
	if (!network)
		return REFUSED;
	memcpy(&class, network->data, sizeof(class));
	class = packet->inside ? class >> FIREWALL_CLASS_BITS
			       : class & ((1u << FIREWALL_CLASS_BITS) - 1);
	memcpy(key + 4, &class, sizeof(class));
	if (test_rules_find(elements, FIREWALL_OUT_ALL, key, false) &&
	    packet->protocol != IPPROTO_TCP)
		return ACCEPTED;
	key[8] = packet->protocol;
	memcpy(key + 12, &port, sizeof(port));
	if (packet->protocol == IPPROTO_TCP &&
	    test_rules_find(elements, FIREWALL_OUT_LOGGED, key, true))
		return LOGGED;
	if (test_rules_find(elements, FIREWALL_OUT_PORTS, key, true))
		return ACCEPTED;
	memset(key + 8, 0, sizeof(key) - 8);
	return test_rules_find(elements, FIREWALL_OUT_ALL, key, false) ? ACCEPTED : REFUSED;
}

/* Few values, so that rules touch, overlap and are equal. */
static uint32_t test_rules_random_address(void)
{
	static const uint32_t ends[] = {0,          1,          UINT32_MAX - 1, UINT32_MAX,
					0xa9fdffff, 0xa9fe0000, 0xa9feffff,     0xa9ff0000};

	return rand() % 4 == 0 ? ends[rand() % 8] : 0x0a000000 + (uint32_t)(rand() % 12);
}

static uint16_t test_rules_random_port(void)
{
	static const uint16_t ends[] = {0, 1, 65534, 65535};

	return rand() % 8 == 0 ? ends[rand() % 4] : (uint16_t)(80 + rand() % 10);
}

static struct warden_out_rule test_rules_random_rule(void)
{
	uint32_t a = test_rules_random_address(), b = test_rules_random_address();
	uint16_t port = test_rules_random_port(), other = test_rules_random_port();
	struct warden_out_rule rule = test_rules_make_rule(
		a < b ? a : b, a < b ? b : a, (enum warden_protocol)(rand() % 4),
		port < other ? port : other, port < other ? other : port);

	if (rule.protocol == WARDEN_ICMP || rule.protocol == WARDEN_ALL || rand() % 4 == 0) {
		rule.first_port = 0;
		rule.last_port = UINT16_MAX;
	}
	if (rule.protocol == WARDEN_ICMP) {
		rule.icmp_type = rand() % 3 - 1;
		rule.icmp_code = rand() % 3 - 1;
	}
	rule.log = rand() % 3 == 0;
	return rule;
}

static struct test_packet test_rules_random_packet(void)
{
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP,
					    IPPROTO_SCTP};
	struct test_packet packet = {.address = test_rules_random_address(),
				     .protocol = protocols[rand() % 5],
				     .inside = rand() % 2};

	packet.port = packet.protocol == IPPROTO_ICMP ? (uint16_t)((rand() % 3) << 8 | (rand() % 3))
						      : test_rules_random_port();
	return packet;
}

static void sets_accept_the_same_packets_as_rules(void)
{
	struct warden_out_rule out[RULES];
	struct warden_error err;

	srand(1);
	for (int round = 0; round < ROUNDS; round++) {
		struct warden_rules rules = {.out_size = sizeof(struct warden_out_rule),
					     .out = out,
					     .n_out = (size_t)(rand() % (RULES + 1))};
		struct firewall_elements elements;

		for (size_t i = 0; i < rules.n_out; i++)
			out[i] = test_rules_random_rule();
		if (!unit_integer(firewall_rules_compile(&rules, container, &elements, &err), 0))
			return;
		for (int i = 0; i < PACKETS; i++) {
			struct test_packet packet = test_rules_random_packet();

			if (!unit_integer(test_rules_judge_by_sets(&elements, &packet),
					  test_rules_judge_by_rules(&rules, &packet)))
				return;
		}
		free(elements.list);
	}
}

static void forwards_are_elements_by_port(void)
{
	const struct warden_in_rule in[] = {{WARDEN_TCP, 8080, 80}, {WARDEN_UDP, 8080, 53}};
	const struct warden_rules rules = {
		.in_size = sizeof(struct warden_in_rule), .in = in, .n_in = ARRAY_SIZE(in)};
	const uint8_t tcp[FIREWALL_RULE_KEY_MAX] = {IPPROTO_TCP, 0, 0, 0, 0x1f, 0x90};
	const uint8_t udp[FIREWALL_RULE_KEY_MAX] = {IPPROTO_UDP, 0, 0, 0, 0x1f, 0x90};
	const uint8_t to_80[FIREWALL_RULE_DATA_MAX] = {10, 254, 0, 2, 0, 80};
	const uint8_t to_53[FIREWALL_RULE_DATA_MAX] = {10, 254, 0, 2, 0, 53};
	struct firewall_elements elements;
	struct warden_error err;

	if (!unit_integer(firewall_rules_compile(&rules, container, &elements, &err), 0))
		return;
	unit_unsigned(elements.n, 2);
	for (size_t i = 0; i < elements.n; i++) {
		bool is_tcp = memcmp(elements.list[i].first, tcp, sizeof(tcp)) == 0;

		unit_bytes(elements.list[i].first, sizeof(tcp), is_tcp ? tcp : udp, sizeof(tcp));
		unit_bytes(elements.list[i].data, sizeof(to_80), is_tcp ? to_80 : to_53,
			   sizeof(to_80));
		unit_unsigned(firewall_element_container(&elements.list[i]).s_addr,
			      container.s_addr);
	}
	free(elements.list);
}

/* A hundred networks with the same port need a hundred ranges and one port. */
static void networks_with_the_same_ports_share_them(void)
{
	struct warden_out_rule out[100];
	const struct warden_rules rules = {
		.out_size = sizeof(struct warden_out_rule), .out = out, .n_out = ARRAY_SIZE(out)};
	struct firewall_elements elements;
	struct warden_error err;

	for (uint32_t i = 0; i < ARRAY_SIZE(out); i++)
		out[i] = test_rules_make_rule(0x0a000000 + 16 * i, 0x0a000007 + 16 * i, WARDEN_TCP,
					      443, 443);
	if (!unit_integer(firewall_rules_compile(&rules, container, &elements, &err), 0))
		return;
	unit_unsigned(elements.n, 101);
	free(elements.list);
	/* Adjacent networks become one. */
	for (uint32_t i = 0; i < ARRAY_SIZE(out); i++)
		out[i] = test_rules_make_rule(0x0a000000 + 8 * i, 0x0a000007 + 8 * i, WARDEN_TCP,
					      443, 443);
	if (!unit_integer(firewall_rules_compile(&rules, container, &elements, &err), 0))
		return;
	unit_unsigned(elements.n, 2);
	free(elements.list);
}

/* Each address has different ports and each port different addresses: the number of pieces is
 * quadratic. */
static void rules_that_overlap_too_much_are_refused(void)
{
	enum { MANY = 1024 };
	static struct warden_out_rule out[MANY];
	const struct warden_rules rules = {
		.out_size = sizeof(struct warden_out_rule), .out = out, .n_out = MANY};
	struct firewall_elements elements = {0};
	struct warden_error err;

	for (uint32_t i = 0; i < MANY; i++)
		out[i] = test_rules_make_rule(i, UINT32_MAX - i, WARDEN_TCP, (uint16_t)(2 * i + 1),
					      (uint16_t)(2 * i + 1));
	unit_integer(firewall_rules_compile(&rules, container, &elements, &err), -1);
	unit_contains(err.message, "overlap too much");
}

int main(int argc, char **argv)
{
	static const struct unit_test tests[] = {
		UNIT_TEST(sets_accept_the_same_packets_as_rules),
		UNIT_TEST(forwards_are_elements_by_port),
		UNIT_TEST(networks_with_the_same_ports_share_them),
		UNIT_TEST(rules_that_overlap_too_much_are_refused),
	};

	return unit_main(argc, argv, "firewall rules", tests, ARRAY_SIZE(tests));
}
