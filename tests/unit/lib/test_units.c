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
		{"0.0001k", 1},
		{"15.99999999999999999e", UINT64_MAX - 10},
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
		{"0.3", 300000},
		{"0.57s", 570000},
		{"9ms", 9000},
		{"0.1us", 1},
		{"18446744073709551615us", UINT64_MAX},
	};
	uint64_t time = 0;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		unit_integer(units_read_time(cases[i].text, UNITS_MICROSECOND, &time), 0);
		unit_unsigned(time, cases[i].microseconds);
	}
}

static void a_duration_is_rounded_up_to_its_part(void)
{
	static const struct {
		const char *text;
		uint64_t milliseconds, seconds;
	} cases[] = {
		{"0", 0, 0},         {"9ms", 9, 1}, {"0.3s", 300, 1},      {"0.57s", 570, 1},
		{"1.001s", 1001, 2}, {"1us", 1, 1}, {"0.7s0.3s", 1000, 1}, {"2", 2000, 2},
	};
	uint64_t time = 0;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		unit_integer(units_read_time(cases[i].text, UNITS_MILLISECOND, &time), 0);
		unit_unsigned(time, cases[i].milliseconds);
		unit_integer(units_read_time(cases[i].text, UNITS_SECOND, &time), 0);
		unit_unsigned(time, cases[i].seconds);
	}
}

static void a_number_of_cpus_is_counted_in_percent(void)
{
	static const struct {
		const char *text;
		uint64_t percent;
	} cases[] = {
		{"0", 0}, {"1", 100}, {"1.1", 110}, {"0.57", 57}, {"2.2", 220}, {"0.001", 1},
	};
	uint64_t percent = 0;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		unit_integer(units_read_percent(cases[i].text, &percent), 0);
		unit_unsigned(percent, cases[i].percent);
	}
	unit_integer(units_read_percent("1s", &percent), -1);
	unit_integer(units_read_percent("184467440737095517", &percent), -1);
	unit_integer(errno, ERANGE);
}

static void other_texts_are_refused(void)
{
	static const char *const wrong[] = {
		"",    "-1",  " 1",  "1 ",  "1x",  "m",   "1.",   ".5",
		"1e3", "0x1", "inf", "1,5", "1kk", "1ib", "1..5", "0.1234567890123456789"};
	static const char *const times[] = {"1h30", "1hm", "1S", "1k", "1h 2m", "1h-2m", "1M"};
	static const char *const large[] = {"18446744073709551616", "16E", "99999999999999999999k"};
	static const char *const long_times[] = {"18446744073709.6", "18446744073709551615us1us",
						 "213503983d"};
	uint64_t bytes = 0, time = 0;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		errno = 0;
		unit_integer(units_read_size(wrong[i], &bytes), -1);
		unit_integer(errno, EINVAL);
	}
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		unit_integer(units_read_time(wrong[i], UNITS_SECOND, &time), -1);
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		errno = 0;
		unit_integer(units_read_time(times[i], UNITS_SECOND, &time), -1);
		unit_integer(errno, EINVAL);
	}
	for (size_t i = 0; i < ARRAY_SIZE(large); i++) {
		errno = 0;
		unit_integer(units_read_size(large[i], &bytes), -1);
		unit_integer(errno, ERANGE);
	}
	for (size_t i = 0; i < ARRAY_SIZE(long_times); i++) {
		errno = 0;
		unit_integer(units_read_time(long_times[i], UNITS_SECOND, &time), -1);
		unit_integer(errno, ERANGE);
	}
}

int main(int argc, char **argv)
{
	static const struct unit_test tests[] = {
		UNIT_TEST(a_size_has_a_unit_that_is_a_power_of_two),
		UNIT_TEST(a_duration_has_one_or_more_units),
		UNIT_TEST(a_duration_is_rounded_up_to_its_part),
		UNIT_TEST(a_number_of_cpus_is_counted_in_percent),
		UNIT_TEST(other_texts_are_refused),
	};

	return unit_main(argc, argv, "units", tests, ARRAY_SIZE(tests));
}
