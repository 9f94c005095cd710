/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes and durations with units. */
#include <config.h>

#include "tests/unit/unit.h"

#include <errno.h>

#include "lib/cleanup.h"
#include "lib/units.h"

static void a_size_has_a_unit_that_is_a_power_of_two(void)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} cases[] = {
		{"0", 0},
		{"10", 10},
		{"18446744073709551615", UINT64_MAX},
		{"64k", 65536},
		{"10M", 10485760},
		{"10MB", 10485760},
		{"10MiB", 10485760},
		{"10mib", 10485760},
		{"0.5G", 536870912},
		{"1.5k", 1536},
		{"7b", 7},
		{"15E", UINT64_C(15) << 60},
		{"9007199254740993k", UINT64_C(9007199254740993) << 10},
	};
	uint64_t bytes = 0;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		unit_integer(units_read_size(cases[i].text, &bytes), 0);
		unit_unsigned(bytes, cases[i].bytes);
	}
}

static void a_duration_has_one_or_more_units(void)
{
	static const struct {
		const char *text;
		uint64_t microseconds;
	} cases[] = {
		{"0", 0},
		{"2", 2000000},
		{"2.5", 2500000},
		{"500ms", 500000},
		{"1.5s", 1500000},
		{"2m", 120000000},
		{"2min", 120000000},
		{"1h", 3600000000},
		{"1h30m", 5400000000},
		{"7d", 604800000000},
		{"1m0.5s", 60500000},
		{"3us", 3},
	};
	double seconds = 0;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		unit_integer(units_read_seconds(cases[i].text, &seconds), 0);
		unit_unsigned((uint64_t)(seconds * 1e6 + 0.5), cases[i].microseconds);
	}
}

static void other_texts_are_refused(void)
{
	static const char *const wrong[] = {"",    "-1",  " 1",  "1 ",  "1x",  "m",   "1.",  ".5",
					    "1e3", "0x1", "inf", "1,5", "1kk", "1ib", "1..5"};
	static const char *const times[] = {"1h30", "1hm", "1S", "1k", "1h 2m", "1h-2m", "1M"};
	static const char *const large[] = {"18446744073709551616", "16E", "99999999999999999999k"};
	uint64_t bytes = 0;
	double seconds = 0;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		errno = 0;
		unit_integer(units_read_size(wrong[i], &bytes), -1);
		unit_integer(errno, EINVAL);
	}
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		unit_integer(units_read_seconds(wrong[i], &seconds), -1);
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		errno = 0;
		unit_integer(units_read_seconds(times[i], &seconds), -1);
		unit_integer(errno, EINVAL);
	}
	for (size_t i = 0; i < ARRAY_SIZE(large); i++) {
		errno = 0;
		unit_integer(units_read_size(large[i], &bytes), -1);
		unit_integer(errno, ERANGE);
	}
}

int main(int argc, char **argv)
{
	static const struct unit_test tests[] = {
		UNIT_TEST(a_size_has_a_unit_that_is_a_power_of_two),
		UNIT_TEST(a_duration_has_one_or_more_units),
		UNIT_TEST(other_texts_are_refused),
	};

	return unit_main(argc, argv, "units", tests, ARRAY_SIZE(tests));
}
