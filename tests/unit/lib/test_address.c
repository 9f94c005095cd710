/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 addresses, networks and ranges in text. */
#include <config.h>

#include "tests/unit/unit.h"

#include "lib/address.h"
#include "lib/cleanup.h"

static void an_address_is_four_numbers_and_nothing_else(void)
{
	static const char *const wrong[] = {"",          "1",        "1.2.3",    "1.2.3.4.5",
					    "1.2.3.256", "01.2.3.4", "1.2.3.4 ", " 1.2.3.4",
					    "0x1.2.3.4", "a.b.c.d",  "1.2.3.-4", "1.2.3.4\n",
					    "::1"};
	uint32_t address = 0;

	unit_true(address_parse("10.254.0.1", &address));
	unit_unsigned(address, 0x0afe0001);
	unit_true(address_parse("255.255.255.255", &address));
	unit_unsigned(address, UINT32_MAX);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		unit_false(address_parse(wrong[i], &address));
}

static void a_network_drops_the_bits_after_its_prefix(void)
{
	uint32_t network = 0;
	unsigned prefix = 0;

	unit_true(address_parse_cidr("10.1.2.3/16", &network, &prefix));
	unit_unsigned(network, 0x0a010000);
	unit_unsigned(prefix, 16);
	unit_true(address_parse_cidr("10.1.2.3/32", &network, &prefix));
	unit_unsigned(network, 0x0a010203);
	unit_true(address_parse_cidr("10.1.2.3/0", &network, &prefix));
	unit_unsigned(network, 0);
}

static void a_prefix_is_at_most_32(void)
{
	static const char *const wrong[] = {"10.0.0.0",
					    "10.0.0.0/",
					    "10.0.0.0/33",
					    "10.0.0.0/-1",
					    "10.0.0.0/08",
					    "10.0.0.0/255.0.0.0",
					    "/8",
					    "10/8",
					    "10.0.0.0/8 ",
					    "10.0.0.0/8/8",
					    "10.0.0.0000000000000/8"};
	uint32_t network;
	unsigned prefix;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		unit_false(address_parse_cidr(wrong[i], &network, &prefix));
}

static void a_range_is_an_address_a_network_or_two_addresses(void)
{
	uint32_t first = 0, last = 0;

	unit_true(address_parse_range("10.0.0.1", &first, &last));
	unit_unsigned(first, 0x0a000001);
	unit_unsigned(last, 0x0a000001);
	unit_true(address_parse_range("10.0.0.1/8", &first, &last));
	unit_unsigned(first, 0x0a000000);
	unit_unsigned(last, 0x0affffff);
	unit_true(address_parse_range("0.0.0.0/0", &first, &last));
	unit_unsigned(first, 0);
	unit_unsigned(last, UINT32_MAX);
	unit_true(address_parse_range("10.0.0.1-10.0.0.9", &first, &last));
	unit_unsigned(first, 0x0a000001);
	unit_unsigned(last, 0x0a000009);
}

static void a_descending_range_is_refused(void)
{
	static const char *const wrong[] = {"10.0.0.9-10.0.0.1",
					    "10.0.0.1-",
					    "-10.0.0.1",
					    "-",
					    "",
					    "10.0.0.1 - 10.0.0.9",
					    "10.0.0.0/8-10.0.0.9",
					    "10.0.0.1-10.0.0.9-10.0.0.10"};
	uint32_t first, last;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		unit_false(address_parse_range(wrong[i], &first, &last));
	unit_true(address_parse_range("10.0.0.1-10.0.0.1", &first, &last));
}

static void an_ip_is_of_either_version(void)
{
	unit_true(address_is_ip("8.8.8.8"));
	unit_true(address_is_ip("2001:4860:4860::8888"));
	unit_false(address_is_ip("fe80::1%eth0"));
	unit_false(address_is_ip("dns.example"));
	unit_false(address_is_ip("8.8.8.8\n"));
}

int main(int argc, char **argv)
{
	static const struct unit_test tests[] = {
		UNIT_TEST(an_address_is_four_numbers_and_nothing_else),
		UNIT_TEST(a_network_drops_the_bits_after_its_prefix),
		UNIT_TEST(a_prefix_is_at_most_32),
		UNIT_TEST(a_range_is_an_address_a_network_or_two_addresses),
		UNIT_TEST(a_descending_range_is_refused),
		UNIT_TEST(an_ip_is_of_either_version),
	};

	return unit_main(argc, argv, "address", tests, ARRAY_SIZE(tests));
}
