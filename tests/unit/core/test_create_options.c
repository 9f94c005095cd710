/* SPDX-License-Identifier: Apache-2.0 */
/* Host names, environments, and the options of a create, stored in the snapshot and read back. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "core/container/create_options.h"
#include "lib/cleanup.h"
#include "lib/environment.h"
#include "lib/hostname.h"
#include "tests/unit/unit.h"

static void names_of_hosts_are_those_of_rfc_1123(void)
{
	static const char *const good[] = {"a", "A9", "9", "a-b", "a.b.c", "x--y", "a.9"};
	static const char *const bad[] = {"",    "-a",  "a-",       "a..b", ".a",   "a.",
					  "a_b", "a b", "\xc3\xa4", "a\n",  "a.-b", "a/b"};
	char text[300];

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (!hostname_is_valid(good[i]))
			unit_fail(good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (hostname_is_valid(bad[i]))
			unit_fail(bad[i]);
	memset(text, 'a', sizeof(text));
	text[63] = '\0';
	unit_true(hostname_is_valid(text));
	text[63] = 'a';
	text[64] = '\0';
	unit_false(hostname_is_valid(text));
	for (size_t i = 0; i < 253; i++)
		text[i] = i % 2 ? '.' : 'a';
	text[253] = '\0';
	unit_true(hostname_is_valid(text));
	text[253] = '.';
	text[254] = 'a';
	text[255] = '\0';
	unit_false(hostname_is_valid(text));
}

static void lines_of_hosts_have_an_address_and_names(void)
{
	static const struct {
		const char *line, *address, *names; /* NULL: the line is invalid */
	} lines[] = {
		{"192.0.2.1 a", "192.0.2.1", "a"},
		{"192.0.2.1\ta  \t b_c\t", "192.0.2.1", "a b_c"},
		{"2001:db8::1 a.b -x", NULL, NULL},
		{"2001:db8::1 a.b x", "2001:db8::1", "a.b x"},
		{"192.0.2.1", NULL, NULL},
		{"192.0.2.1 ", NULL, NULL},
		{" 192.0.2.1 a", NULL, NULL},
		{"192.0.2.1 a # b", NULL, NULL},
		{"192.0.2.1 a\nb", NULL, NULL},
		{"192.0.2 a", NULL, NULL},
		{"a b", NULL, NULL},
		{"", NULL, NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		char line[64], *names = NULL;

		snprintf(line, sizeof(line), "%s", lines[i].line);
		if (hostname_split_hosts_line(line, &names) != (lines[i].address != NULL)) {
			unit_fail(lines[i].line);
		} else if (lines[i].address) {
			unit_string(line, lines[i].address);
			unit_string(names, lines[i].names);
		}
	}
}

static void a_variable_occurs_once_in_an_environment(void)
{
	static const char *const texts[] = {"A=1", "AB=",   "B=2=3", "A=", "=x",
					    "A",   "A\n=1", "",      NULL};
	char *const *list = (char *const *)texts;
	static const bool good[] = {true, true, true, false, false, false, false, false};
	struct warden_error err;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if ((environment_check(list, i, "env", &err) == 0) != good[i])
			unit_fail(list[i]);
	unit_integer(environment_check(list, 3, "env", &err), -1);
	unit_string(err.message, "env: the name in 'A=' is set twice");
}

static json_t *test_create_options_full_object(void)
{
	return json_pack(
		"{s:[s,s], s:I, s:I, s:I, s:[s,s], s:{s:s, s:s}, s:I, s:s, s:[[s,s]], s:[s], "
		"s:[s], s:s, s:s, s:b}",
		"layers", "/a", "/b", "tmpfs_bytes", (json_int_t)1048576, "tmpfs_inodes",
		(json_int_t)64, "shm_bytes", (json_int_t)4096, "env", "A=1", "B=", "properties",
		"k", "v", "\xc3\xa4", "", "ttl", (json_int_t)4294967295, "hostname", "h", "hosts",
		"192.0.2.1", "a b", "dns_servers", "::1", "image_env", "X=y", "image_working_dir",
		"/w", "image_user", "u", "no_new_privs", 1);
}

static void options_are_restored_from_the_snapshot(void)
{
	struct create_options options = {0};
	json_t *json = test_create_options_full_object(), *again;

	unit_true(create_options_from_json(&options, json));
	unit_integer((int64_t)options.n_layers, 2);
	unit_string(options.layers[1], "/b");
	unit_true(options.layers[2] == NULL);
	unit_unsigned(options.ttl, 4294967295);
	unit_string(options.hosts[0].names, "a b");
	unit_string(options.image.env[0], "X=y");
	unit_true(options.no_new_privs && options.knows_no_new_privs);
	again = create_options_to_json(&options);
	unit_true(json_equal(json, again));
	json_decref(again);
	json_decref(json);
	create_options_free(&options);
	unit_true(options.layers == NULL);
}

static void no_options_are_an_empty_object(void)
{
	struct create_options options = {0};
	json_t *json = create_options_to_json(&options);

	unit_integer((int64_t)json_object_size(json), 0);
	json_decref(json);
	unit_true(create_options_from_json(&options, NULL)); /* snapshot of an older daemon */
	unit_true(options.env == NULL && options.hostname == NULL && options.n_properties == 0);
	unit_false(options.knows_no_new_privs);
	create_options_free(&options);
}

static void damaged_options_are_refused(void)
{
	static const struct {
		const char *name, *value;
	} damages[] = {
		{"layers", "[\"/a\", 1]"},    {"env", "[null]"},
		{"tmpfs_bytes", "\"x\""},     {"tmpfs_bytes", "-1"},
		{"ttl", "4294967296"},        {"hostname", "7"},
		{"properties", "{\"a\": 1}"}, {"hosts", "[[\"192.0.2.1\"]]"},
		{"hosts", "[\"192.0.2.1\"]"}, {"image_user", "{}"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
		struct create_options options = {0};
		json_t *json = test_create_options_full_object();

		json_object_set_new(json, damages[i].name,
				    json_loads(damages[i].value, JSON_DECODE_ANY, NULL));
		if (create_options_from_json(&options, json))
			unit_fail(damages[i].value);
		create_options_free(&options);
		json_decref(json);
	}
}

static const struct unit_test tests[] = {
	UNIT_TEST(names_of_hosts_are_those_of_rfc_1123),
	UNIT_TEST(lines_of_hosts_have_an_address_and_names),
	UNIT_TEST(a_variable_occurs_once_in_an_environment),
	UNIT_TEST(options_are_restored_from_the_snapshot),
	UNIT_TEST(no_options_are_an_empty_object),
	UNIT_TEST(damaged_options_are_refused),
};

int main(int argc, char **argv)
{
	return unit_main(argc, argv, "create_options", tests, ARRAY_SIZE(tests));
}
