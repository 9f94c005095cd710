/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers that libconfig would misread silently. */
#include <config.h>

#include "tests/unit/unit.h"

#include <string.h>

#include "core/config/config.h"
#include "core/config/config_number.h"
#include "lib/cleanup.h"

/* The error of a number; empty: none. */
static const char *test_config_numbers_check(const char *token)
{
	static struct warden_error err;

	err.message[0] = '\0';
	if (config_number_check(token, strlen(token), &err) == 0)
		unit_string(err.message, "");
	return err.message;
}

static void numbers_that_are_read_as_written_are_accepted(void)
{
	static const char *const right[] = {"0",
					    "1",
					    "-1",
					    "+5",
					    "2147483647",
					    "-2147483648",
					    "2147483648L",
					    "9223372036854775807L",
					    "-9223372036854775808LL",
					    "0x7fffffff",
					    "0xffffffffL",
					    "0L",
					    "1.5",
					    "1e10",
					    "0.75",
					    "01.5"};

	for (size_t i = 0; i < ARRAY_SIZE(right); i++)
		unit_string(test_config_numbers_check(right[i]), "");
}

static void a_number_that_looks_octal_is_refused_with_the_remedy(void)
{
	unit_string(test_config_numbers_check("0755"),
		    "0755 would be read as decimal 755: write \"0755\" in quotes if it is a "
		    "mode, else the number without the leading 0");
	unit_string(test_config_numbers_check("00"),
		    "00 would be read as decimal 0: write \"00\" in quotes if it is a "
		    "mode, else the number without the leading 0");
	unit_string(test_config_numbers_check("0755L"),
		    "0755 would be read as decimal 755: write \"0755\" in quotes if it is a "
		    "mode, else the number without the leading 0");
	unit_string(test_config_numbers_check("089"), "089: a number must not begin with 0");
}

static void a_number_that_would_be_truncated_is_refused_with_the_remedy(void)
{
	unit_string(test_config_numbers_check("10737418240"),
		    "10737418240 would be truncated to 32 bits: write 10737418240L, "
		    "or \"10737418240\" in quotes");
	unit_string(test_config_numbers_check("2147483648"),
		    "2147483648 would be truncated to 32 bits: write 2147483648L, or "
		    "\"2147483648\" in quotes");
	unit_string(test_config_numbers_check("-2147483649"),
		    "-2147483649 would be truncated to 32 bits: write "
		    "-2147483649L, or \"-2147483649\" in quotes");
	unit_string(test_config_numbers_check("0xffffffff"),
		    "0xffffffff would be truncated to 32 bits: write 0xffffffffL, or "
		    "\"4294967295\" in quotes");
	unit_string(test_config_numbers_check("9223372036854775808L"),
		    "9223372036854775808 is too large for a 64-bit integer");
	unit_contains(
		test_config_numbers_check(
			"1111111111111111111111111111111111111111111111111111111111111111111"),
		"... is too long for a number (67 characters)");
}

/* Loads a text as a file; the error, without the directory. */
static const char *test_config_numbers_load(const char *text)
{
	static struct warden_error err;
	struct config *config = config_load(unit_file("warden.conf", text), &err);

	if (config)
		snprintf(err.message, sizeof(err.message), "fine");
	config_free(config);
	return err.message;
}

static void an_ambiguous_number_is_refused_anywhere_in_the_file(void)
{
	unit_contains(test_config_numbers_load("server: { unix_domain_permissions = 0755; }"),
		      "warden.conf:1: 0755 would be read");
	unit_contains(test_config_numbers_load(
			      "server: {\n unix_domain_permissions=/* x */\n\n0755\n; }"),
		      "warden.conf:4: 0755 would be read");
	unit_contains(test_config_numbers_load(
			      "server: { pidfile = \"/a\" job_output_limit : 10737418240 }"),
		      "warden.conf:1: 10737418240 would be truncated");
	unit_contains(test_config_numbers_load("linux: { a = [1, 2, 0755]; };"),
		      "warden.conf:1: 0755 would be read");
}

static void numbers_in_a_comment_string_or_name_are_not_checked(void)
{
	unit_string(
		test_config_numbers_load("# 0755\n// 0755\n/* 0755\n 10737418240 */\nserver: {};"),
		"fine");
	unit_string(test_config_numbers_load(
			    "server: { pidfile = \"/0755 # \\\" 0755\" \"0755\\\\\"; };"),
		    "fine");
	unit_string(test_config_numbers_load("linux: { a0755 = 1; b-0755 = 2; c_0755 = 3; };"),
		    "fine");
}

static void a_big_number_may_be_written_in_either_way(void)
{
	unit_string(test_config_numbers_load("server: { job_output_limit = 10737418240L; };"),
		    "fine");
	unit_string(test_config_numbers_load("server: { job_output_limit = \"10737418240\"; };"),
		    "fine");
	unit_contains(test_config_numbers_load("server: { job_output_limit = \"10737418240L\"; };"),
		      "must be an integer");
	unit_contains(test_config_numbers_load("server: { job_output_limit = \"1e9\"; };"),
		      "must be an integer");
	unit_contains(test_config_numbers_load("server: { job_output_limit = \" 1\"; };"),
		      "must be an integer");
	unit_contains(test_config_numbers_load(
			      "server: { job_output_limit = \"99999999999999999999\"; };"),
		      "must be an integer");
}

static void a_size_or_time_may_have_a_unit(void)
{
	int64_t number = 0;

	unit_string(
		test_config_numbers_load("server: { job_output_limit = \"10M\"; "
					 "container_grace_time = \"5m\"; "
					 "container_rlimits: { as = \"2G\"; cpu = \"1h\"; }; };"),
		"fine");
	unit_string(test_config_numbers_load("fake: { delay_ms = \"1.5s\"; };"), "fine");
	unit_contains(test_config_numbers_load("server: { job_output_limit = \"10s\"; };"),
		      "must be an integer from 0 to 9223372036854775807 (bytes, or \"10M\" and the "
		      "like)");
	unit_contains(test_config_numbers_load("server: { container_grace_time = \"5M\"; };"),
		      "seconds, or \"5m\" and the like");
	unit_contains(test_config_numbers_load("server: { container_grace_time = \"100000d\"; };"),
		      "must be an integer");
	unit_contains(test_config_numbers_load("health_check_server: { port = \"1k\"; };"),
		      "must be an integer");
	unit_true(config_number_with_unit("1.5s", WARDEN_UNIT_MILLISECONDS, &number));
	unit_unsigned(number, 1500);
	unit_true(config_number_with_unit("0.3s", WARDEN_UNIT_MILLISECONDS, &number));
	unit_unsigned(number, 300);
	unit_true(config_number_with_unit("9ms", WARDEN_UNIT_MILLISECONDS, &number));
	unit_unsigned(number, 9);
	unit_true(config_number_with_unit("500ms", WARDEN_UNIT_SECONDS, &number));
	unit_unsigned(number, 1); /* rounded up */
	unit_true(config_number_with_unit("64k", WARDEN_UNIT_BYTES, &number));
	unit_unsigned(number, 65536);
	unit_false(config_number_with_unit("8E", WARDEN_UNIT_BYTES, &number));
}

static void a_mode_may_be_written_in_either_way(void)
{
	unit_string(test_config_numbers_load("server: { unix_domain_permissions = \"0755\"; };"),
		    "fine");
	unit_string(test_config_numbers_load("server: { unix_domain_permissions = \"755\"; };"),
		    "fine");
	unit_string(test_config_numbers_load("server: { unix_domain_permissions = 493; };"),
		    "fine");
	unit_string(test_config_numbers_load("server: { unix_domain_permissions = 0x1ff; };"),
		    "fine");
	unit_contains(test_config_numbers_load("server: { unix_domain_permissions = \"01000\"; };"),
		      "must be an octal");
	unit_contains(test_config_numbers_load("server: { unix_domain_permissions = 512; };"),
		      "must be an octal");
	unit_contains(test_config_numbers_load("server: { unix_domain_permissions = \"rwx\"; };"),
		      "must be an octal");
}

int main(int argc, char **argv)
{
	static const struct unit_test tests[] = {
		UNIT_TEST(numbers_that_are_read_as_written_are_accepted),
		UNIT_TEST(a_number_that_looks_octal_is_refused_with_the_remedy),
		UNIT_TEST(a_number_that_would_be_truncated_is_refused_with_the_remedy),
		UNIT_TEST(an_ambiguous_number_is_refused_anywhere_in_the_file),
		UNIT_TEST(numbers_in_a_comment_string_or_name_are_not_checked),
		UNIT_TEST(a_big_number_may_be_written_in_either_way),
		UNIT_TEST(a_size_or_time_may_have_a_unit),
		UNIT_TEST(a_mode_may_be_written_in_either_way),
	};

	return unit_main(argc, argv, "numbers of the configuration", tests, ARRAY_SIZE(tests));
}
