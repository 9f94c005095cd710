/* SPDX-License-Identifier: Apache-2.0 */
/* Host ports inside and outside of the pool: each has one holder at a time. */
#include <config.h>

#include "tests/unit/unit.h"

#include "core/pools/ports.h"
#include "lib/cleanup.h"

static void the_pool_skips_ports_that_were_named(void)
{
	struct ports *ports = ports_new(40000, 3);
	uint16_t port = 0;

	unit_integer(ports_take_value(ports, 0, 40000), 0);
	unit_integer(ports_take(ports, 0, &port), 0);
	unit_unsigned(port, 40001);
	unit_integer(ports_take_value(ports, 0, 40001), -1);
	unit_integer(ports_take(ports, 0, &port), 0);
	unit_unsigned(port, 40002);
	unit_integer(ports_take(ports, 0, &port), -1);
	ports_release(ports, 0, 40001);
	unit_integer(ports_take(ports, 0, &port), 0);
	unit_unsigned(port, 40001);
	ports_free(ports);
}

static void a_port_has_one_owner(void)
{
	static const uint16_t some[] = {1, 80, 39999, 40003, 65535};
	struct ports *ports = ports_new(40000, 3);

	for (size_t i = 0; i < ARRAY_SIZE(some); i++) {
		unit_integer(ports_take_value(ports, 0, some[i]), 0);
		unit_integer(ports_take_value(ports, 0, some[i]), -1);
	}
	for (size_t i = 0; i < ARRAY_SIZE(some); i++) {
		ports_release(ports, 0, some[i]);
		ports_release(ports, 0, some[i]);
		unit_integer(ports_take_value(ports, 0, some[i]), 0);
	}
	ports_free(ports);
}

static void the_pool_may_end_at_the_last_port(void)
{
	struct ports *ports = ports_new(65535, 1);
	uint16_t port = 0;

	unit_integer(ports_take(ports, 0, &port), 0);
	unit_unsigned(port, 65535);
	unit_integer(ports_take(ports, 0, &port), -1);
	ports_free(ports);
}

int main(int argc, char **argv)
{
	static const struct unit_test tests[] = {
		UNIT_TEST(the_pool_skips_ports_that_were_named),
		UNIT_TEST(a_port_has_one_owner),
		UNIT_TEST(the_pool_may_end_at_the_last_port),
	};

	return unit_main(argc, argv, "ports", tests, ARRAY_SIZE(tests));
}
