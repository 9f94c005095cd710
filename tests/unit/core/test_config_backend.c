/* SPDX-License-Identifier: Apache-2.0 */
/* The second half of the configuration's checks: the backend's group, the pools against the host,
 * and the paths. */
#include <config.h>

#include "tests/unit/unit.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/config/config_private.h"
#include "lib/cleanup.h"

static const struct warden_option options[] = {
	{.name = "loud", .type = WARDEN_OPTION_BOOL, .number = 1},
	{.name = "width", .type = WARDEN_OPTION_INTEGER, .min = -1, .max = 1L << 40, .number = 5},
	{.name = "motto", .type = WARDEN_OPTION_STRING},
	{.name = "colour", .type = WARDEN_OPTION_STRING, .text = "grey"},
	{.name = "friends", .type = WARDEN_OPTION_STRINGS},
	{.name = "days", .type = WARDEN_OPTION_STRINGS, .text = "sun mon tue"},
	{.name = NULL},
};

static const struct warden_container_klass container_klass = {.name = "mine", .options = options};
static const struct warden_container_klass bare = {.name = "bare"};
static const struct warden_container_klass rooted = {.name = "bare", .needs_rootfs = true};

/* The depot in the settings. */
static const char *depot = "depot";

/* Settings that are valid on every host, and `more`, which may continue the group server. */
static struct config *test_config_backend_settings(const char *more)
{
	struct warden_error err = {0};
	char text[4096];
	struct config *config;

	snprintf(text, sizeof(text),
		 "user: { pool_start_uid = 40000; pool_size = 100; };\n"
		 "port: { pool_start_port = 20000; pool_size = 1000; };\n"
		 "server: {\n"
		 " backend_path = \"modules\"; unix_domain_path = \"w.sock\";\n"
		 " container_depot_path = \"%s\";\n"
		 "%s",
		 depot, more);
	config = config_load(unit_file("warden.conf", text), &err);
	if (!config)
		unit_fail(err.message);
	return config;
}

/* Expects that the checks pass; the caller frees the settings. */
static struct config *test_config_backend_expect_success(const struct warden_container_klass *k,
							 const char *more)
{
	struct config *config = test_config_backend_settings(more);
	struct warden_error err = {0};

	if (config)
		unit_integer(config_check_backend(config, k, &err), 0);
	unit_string(err.message, "");
	return config;
}

/* Expects that the checks fail with this message; each % is the test's directory. */
static void test_config_backend_expect_error(const struct warden_container_klass *k,
					     const char *more, const char *message)
{
	struct config *config = test_config_backend_settings(more);
	struct warden_error err = {0};
	char expected[4096];
	size_t at = 0;

	for (; *message && at < sizeof(expected) - 1; message++) {
		if (*message == '%')
			at += (size_t)snprintf(expected + at, sizeof(expected) - at, "%s",
					       unit_directory());
		else
			expected[at++] = *message;
	}
	expected[at < sizeof(expected) ? at : sizeof(expected) - 1] = '\0';
	if (config)
		unit_integer(config_check_backend(config, k, &err), -1);
	unit_string(err.message, expected);
	config_free(config);
}

/* Makes a directory in the test's, unless it exists. */
static char *test_config_backend_make_directory(const char *name, mode_t mode)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", unit_directory(), name);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		unit_fail(path);
	unit_integer(chmod(path, mode), 0);
	return path;
}

static void options_have_their_defaults(void)
{
	struct config *c = test_config_backend_expect_success(&container_klass, "};");

	if (!c || !unit_unsigned(c->n_options, 6))
		return;
	unit_true(c->options[1].option == &options[1]);
	unit_integer(c->options[0].number, 1);
	unit_integer(c->options[1].number, 5);
	unit_string(c->options[2].text, NULL);
	unit_string(c->options[3].text, "grey");
	unit_true(c->options[4].texts && !c->options[4].texts[0]);
	config_free(c);
}

static void options_are_read_from_the_group_of_the_klass(void)
{
	struct config *c = test_config_backend_expect_success(
		&container_klass, "};\nmine: { loud = false; width = 8589934592L;\n"
				  "motto = \"x\"; colour = \"red\"; friends = [\"a\", \"b\"]; };");

	if (!c || !unit_unsigned(c->n_options, 6))
		return;
	unit_integer(c->options[0].number, 0);
	unit_integer(c->options[1].number, 8589934592);
	unit_string(c->options[2].text, "x");
	unit_string(c->options[3].text, "red");
	unit_string(c->options[4].texts[0], "a");
	unit_string(c->options[4].texts[1], "b");
	unit_true(c->options[4].texts[2] == NULL);
	config_free(c);
}

static void options_without_a_file_are_the_defaults(void)
{
	struct warden_error err = {0};
	struct config *c = config_load(NULL, &err);

	if (!unit_true(c != NULL))
		return;
	unit_integer(config_take_options(c, &container_klass, &err), 0);
	unit_unsigned(c->n_options, 6);
	unit_string(c->options[3].text, "grey");
	config_free(c);
}

static void a_klass_without_options_has_an_empty_group(void)
{
	config_free(test_config_backend_expect_success(&bare, "};\nbare: {};"));
	test_config_backend_expect_error(
		&bare, "};\nbare: { x = 1; };",
		"%/warden.conf:7: unknown key bare.x: the group's keys are none");
}

static void a_wrong_option_is_refused_like_a_key(void)
{
	test_config_backend_expect_error(
		&container_klass, "};\nmine: { widht = 1; };",
		"%/warden.conf:7: unknown key mine.widht: did you mean mine.width?");
	test_config_backend_expect_error(
		&container_klass, "};\nmine: { frobnicate = 1; };",
		"%/warden.conf:7: unknown key mine.frobnicate: the group's keys are loud, width, "
		"motto, colour, friends, days");
	test_config_backend_expect_error(
		&container_klass, "};\nmine: { width = -2; };",
		"%/warden.conf:7: mine.width must be an integer from -1 to 1099511627776, not -2");
	test_config_backend_expect_error(
		&container_klass, "};\nmine: { loud = \"yes\"; };",
		"%/warden.conf:7: mine.loud must be true or false, not \"yes\"");
	test_config_backend_expect_error(
		&container_klass, "};\nmine: { motto = [\"x\"]; };",
		"%/warden.conf:7: mine.motto must be a string that is not empty, not an array");
	test_config_backend_expect_error(&container_klass, "};\nmine: {\n friends = [1]; };",
					 "%/warden.conf:8: mine.friends must be an array of "
					 "strings ([\"A\", \"B\"]), not 1");
	test_config_backend_expect_error(
		&container_klass, "};\nmine: {\n days = [\"mon\",\n \"mo\"]; };",
		"%/warden.conf:9: mine.days must contain only the words sun mon tue, not "
		"\"mo\"");
	config_free(test_config_backend_expect_success(
		&container_klass, "};\nmine: { days = [\"tue\", \"sun\", \"tue\"]; };"));
}

static void an_unknown_group_is_refused(void)
{
	test_config_backend_expect_error(
		&container_klass, "};\nlunix: {};",
		"%/warden.conf:7: unknown group lunix: the groups are server, clients, "
		"health_check_server, "
		"logging, network, port, user, hooks, and mine for the backend");
}

static void a_group_of_another_installed_backend_is_ignored(void)
{
	test_config_backend_make_directory("modules", 0755);
	unit_file("modules/other.so", "");
	config_free(test_config_backend_expect_success(&container_klass,
						       "};\nother: { whatever = [1, 2]; };"));
}

static void errors_of_the_group_come_before_those_of_paths(void)
{
	test_config_backend_expect_error(
		&container_klass,
		" container_rootfs_path = \"/nowhere\"; pidfile = \"/nowhere/x\"; };\n"
		"mine: { width = -2; };",
		"%/warden.conf:7: mine.width must be an integer from -1 to 1099511627776, not -2");
}

/* Checks a pool of ports against a host whose ephemeral ports end at `last`. */
static void test_config_backend_check_ports(const char *group, const char *range,
					    const char *message, uint32_t start, uint32_t size)
{
	struct warden_error err = {0};
	struct config *c = config_load(unit_file("warden.conf", group), &err);
	char expected[512] = "";

	if (!unit_true(c != NULL))
		return;
	if (*message)
		snprintf(expected, sizeof(expected), "%s/%s", unit_directory(), message);
	unit_integer(config_check_ports(c, unit_file("range", range), &err), *message ? -1 : 0);
	unit_string(err.message, expected);
	if (!*message) {
		unit_unsigned(c->port.pool_start_port, start);
		unit_unsigned(c->port.pool_size, size);
	}
	config_free(c);
}

static void default_ports_follow_the_hosts_range_and_end_at_65000(void)
{
	test_config_backend_check_ports("", "32768\t60999\n", "", 61000, 4001);
	test_config_backend_check_ports("", "32768\t64000\n", "", 64001, 1000);
	test_config_backend_check_ports("port: { pool_size = 2000; };", "32768\t60999\n", "", 61000,
					2000);
	test_config_backend_check_ports("port: { pool_start_port = 5000; };", "32768\t60999\n", "",
					5000, 60001);
}

static void fewer_than_a_thousand_ports_are_refused(void)
{
	test_config_backend_check_ports(
		"", "32768\t64001\n",
		"warden.conf: Insufficient non-ephemeral ports available (expected >= 1000, got: "
		"999)",
		0, 0);
	test_config_backend_check_ports(
		"", "1024\t65535\n",
		"warden.conf: Insufficient non-ephemeral ports available (expected >= 1000, got: "
		"0)",
		0, 0);
	test_config_backend_check_ports(
		"port: {\n pool_size = 999; };", "32768\t60999\n",
		"warden.conf:2: Insufficient non-ephemeral ports available (expected >= 1000, "
		"got: 999)",
		0, 0);
	test_config_backend_check_ports(
		"port: { pool_start_port = 64500; };", "32768\t60999\n",
		"warden.conf:1: Insufficient non-ephemeral ports available (expected >= 1000, "
		"got: 501)",
		0, 0);
}

static void the_last_port_is_at_most_65535(void)
{
	test_config_backend_check_ports("port: { pool_start_port = 64536; pool_size = 1000; };",
					"1 2", "", 64536, 1000);
	test_config_backend_check_ports("port: { pool_start_port = 64537; pool_size = 1000; };",
					"1 2",
					"warden.conf:1: port.pool_size: the last of 1000 ports "
					"from 64537 on must be at most "
					"65535",
					0, 0);
}

/* Checks the user pool against a host's users. */
static void test_config_backend_check_users(const char *group, const char *passwd,
					    const char *message)
{
	struct warden_error err = {0};
	struct config *c = config_load(unit_file("warden.conf", group), &err);
	char expected[512] = "";

	if (!unit_true(c != NULL))
		return;
	if (*message)
		snprintf(expected, sizeof(expected), "%s/%s", unit_directory(), message);
	unit_integer(config_check_users(c, unit_file("passwd", passwd), &err), *message ? -1 : 0);
	unit_string(err.message, expected);
	config_free(c);
}

static void uids_of_the_hosts_users_are_refused(void)
{
	test_config_backend_check_users(
		"", "root:x:0:0::/:/bin/sh\na:x:9999:1::/:\nb:x:26384:1::/:\n", "");
	test_config_backend_check_users(
		"", "root:x:0:0::/:/bin/sh\nfirst:x:10000:1::/:\n",
		"warden.conf: UID in user pool overlaps with user in /etc/passwd: first (10000)");
	test_config_backend_check_users(
		"user: { pool_start_uid = 1000;\n };", "last:x:17383:1::/:\n",
		"warden.conf:1: UID in user pool overlaps with user in /etc/passwd: last (17383)");
	test_config_backend_check_users(
		"", "big:x:1879048192:1::/:\n",
		"warden.conf: the containers' host ids, 1879048192 to 2147483647, overlap with "
		"a user in /etc/passwd: big (1879048192)");
	test_config_backend_check_users(
		"", "max:x:2147483647:1::/:\n",
		"warden.conf: the containers' host ids, 1879048192 to 2147483647, overlap with "
		"a user in /etc/passwd: max (2147483647)");
}

static void test_config_backend_check_subids(const char *text, const char *message)
{
	struct warden_error err = {0};
	struct config *c = config_load(unit_file("warden.conf", ""), &err);

	if (!unit_true(c != NULL))
		return;
	unit_integer(config_check_subids(c, unit_file("subuid", text), &err), *message ? -1 : 0);
	if (*message)
		unit_contains(err.message, message);
	else
		unit_string(err.message, "");
	config_free(c);
}

static void subordinate_ids_of_the_hosts_users_are_refused(void)
{
	struct warden_error err = {0};
	struct config *c = config_load(unit_file("warden.conf", ""), &err);

	if (!unit_true(c != NULL))
		return;
	unit_integer(config_check_subids(c, "/no/such/file", &err), 0);
	config_free(c);
	test_config_backend_check_subids("a:100000:65536\n1000:165536:1878000000\n", "");
	test_config_backend_check_subids("a:1879048191:1\nb:2147483648:65536\n", "");
	test_config_backend_check_subids("root:1879048192:268435456\n0:1:4294967295\n", "");
	test_config_backend_check_subids("\nbad\na:b:c\na:1879048192\n:::\na:1879048192:-1\n", "");
	test_config_backend_check_subids("x:1:1\na:1879048191:2\n", "overlap with those of a in ");
	test_config_backend_check_subids("a:2147483647:1", "2147483647 to 2147483647");
	test_config_backend_check_subids("1000:1:4294967295\n", "set user.range_start to ids");
}

static void groups_of_the_hosts_users_are_refused(void)
{
	test_config_backend_check_users(
		"", "a:x:1:1879048192::/:\n",
		"warden.conf: the containers' host ids, 1879048192 to 2147483647, overlap with "
		"the group of a user in /etc/passwd: a (1879048192)");
}

static void a_broken_passwd_does_not_prevent_the_start(void)
{
	test_config_backend_check_users("", "", "");
	test_config_backend_check_users("", "no colon at all\n:::\nx:y\n", "");
}

static void a_rootfs_is_needed_if_the_klass_requires_it(void)
{
	char more[PATH_MAX];

	config_free(test_config_backend_expect_success(
		&bare, " container_rootfs_path = \"/nowhere\"; };"));
	test_config_backend_expect_error(&rooted, " container_rootfs_path = \"/nowhere\"; };",
					 "%/warden.conf:6: server.container_rootfs_path: /nowhere: "
					 "No such file or directory; "
					 "it "
					 "must be a directory that contains a root file system");
	test_config_backend_expect_error(
		&rooted, " container_rootfs_path = \"warden.conf\"; };",
		"%/warden.conf:6: server.container_rootfs_path: %/warden.conf: Not a directory; it "
		"must "
		"be a directory that contains a root file system");
	snprintf(more, sizeof(more), " container_rootfs_path = \"%s\"; };",
		 test_config_backend_make_directory("rootfs", 0755));
	config_free(test_config_backend_expect_success(&rooted, more));
}

static void a_depot_is_made_with_its_parents(void)
{
	struct warden_error err = {0};
	struct stat st = {0};
	struct config *c;

	depot = "deep/er/depot";
	c = test_config_backend_expect_success(&bare, " };");
	if (c) {
		unit_integer(stat(c->server.container_depot_path, &st), -1);
		unit_integer(config_make_directories(c, &err), 0);
		unit_string(err.message, "");
		unit_integer(stat(c->server.container_depot_path, &st), 0);
		unit_unsigned(st.st_mode & 07777, 0700);
		unit_integer(config_make_directories(c, &err), 0);
	}
	config_free(c);
	depot = "depot";
}

static void an_empty_depot_is_made_private(void)
{
	struct warden_error err = {0};
	struct stat st = {0};
	struct config *c;

	test_config_backend_make_directory("depot", 0755);
	c = test_config_backend_expect_success(&bare, "};");
	if (c) {
		unit_integer(config_make_directories(c, &err), 0);
		unit_integer(stat(c->server.container_depot_path, &st), 0);
		unit_unsigned(st.st_mode & 07777, 0700);
	}
	config_free(c);
}

static void an_existing_depot_is_accepted(void)
{
	test_config_backend_make_directory("earlier", 0700);
	test_config_backend_make_directory("earlier/tmp", 0700);
	test_config_backend_make_directory("earlier/0123456789a", 0700);
	depot = "earlier";
	config_free(test_config_backend_expect_success(&bare, "};"));
	depot = "depot";
}

static void a_directory_of_a_user_is_refused_as_depot(void)
{
	test_config_backend_make_directory("home", 0755);
	test_config_backend_make_directory("home/letters", 0755);
	depot = "home";
	test_config_backend_expect_error(
		&bare, "};",
		"%/warden.conf:5: server.container_depot_path: %/home is not empty and not private "
		"(mode 0755); it must be an empty directory, or a depot with mode 0700");
	test_config_backend_make_directory("home", 0700);
	unit_file("home/.profile", "");
	test_config_backend_expect_error(
		&bare, "};",
		"%/warden.conf:5: server.container_depot_path: %/home "
		"contains the file .profile, so it "
		"is not a depot; it must be an empty directory, or a depot");
	depot = "depot";
}

static void a_depot_cannot_be_below_a_file(void)
{
	unit_file("plain", "");
	depot = "plain";
	test_config_backend_expect_error(&bare, "};",
					 "%/warden.conf:5: server.container_depot_path: %/plain: "
					 "Not a directory; it must be "
					 "a "
					 "directory that the daemon can write to");
	depot = "plain/depot";
	test_config_backend_expect_error(
		&bare, "};",
		"%/warden.conf:5: server.container_depot_path: %/plain/depot: Not a directory; it "
		"must "
		"be a directory that the daemon can write to");
	depot = "depot";
}

static void the_directory_of_a_pidfile_must_exist(void)
{
	unit_file("plain", "");
	test_config_backend_expect_error(
		&bare, " pidfile = \"plain/pid\"; };",
		"%/warden.conf:6: server.pidfile: %/plain: Not a directory; it must be a directory "
		"that "
		"the daemon can write to");
	test_config_backend_expect_error(&bare, " pidfile = \"nowhere/pid\"; };",
					 "%/warden.conf:6: server.pidfile: %/nowhere: No such file "
					 "or directory; it must be a "
					 "directory that the daemon can write to");
}

static void a_hook_must_be_a_program(void)
{
	char path[PATH_MAX];

	unit_file("hook", "#!/bin/sh\n");
	test_config_backend_make_directory("hooks", 0755);
	test_config_backend_expect_error(&bare, "};\nhooks: { child_after_pivot = \"nowhere\"; };",
					 "%/warden.conf:7: hooks.child_after_pivot: %/nowhere: No "
					 "such file or directory; it "
					 "must "
					 "be a program");
	test_config_backend_expect_error(&bare, "};\nhooks: { parent_before_clone = \"hook\"; };",
					 "%/warden.conf:7: hooks.parent_before_clone: %/hook: "
					 "Permission denied; it must be a "
					 "program");
	test_config_backend_expect_error(
		&bare, "};\nhooks: { parent_after_clone = \"hooks\"; };",
		"%/warden.conf:7: hooks.parent_after_clone: %/hooks is not "
		"a regular file; it must be a program");
	snprintf(path, sizeof(path), "%s/hook", unit_directory());
	unit_integer(chmod(path, 0755), 0);
	config_free(test_config_backend_expect_success(
		&bare, "};\nhooks: { child_before_pivot = \"hook\"; };"));
}

int main(int argc, char **argv)
{
	static const struct unit_test tests[] = {
		UNIT_TEST(options_have_their_defaults),
		UNIT_TEST(options_are_read_from_the_group_of_the_klass),
		UNIT_TEST(options_without_a_file_are_the_defaults),
		UNIT_TEST(a_klass_without_options_has_an_empty_group),
		UNIT_TEST(a_wrong_option_is_refused_like_a_key),
		UNIT_TEST(an_unknown_group_is_refused),
		UNIT_TEST(a_group_of_another_installed_backend_is_ignored),
		UNIT_TEST(errors_of_the_group_come_before_those_of_paths),
		UNIT_TEST(default_ports_follow_the_hosts_range_and_end_at_65000),
		UNIT_TEST(fewer_than_a_thousand_ports_are_refused),
		UNIT_TEST(the_last_port_is_at_most_65535),
		UNIT_TEST(uids_of_the_hosts_users_are_refused),
		UNIT_TEST(subordinate_ids_of_the_hosts_users_are_refused),
		UNIT_TEST(groups_of_the_hosts_users_are_refused),
		UNIT_TEST(a_broken_passwd_does_not_prevent_the_start),
		UNIT_TEST(a_rootfs_is_needed_if_the_klass_requires_it),
		UNIT_TEST(a_depot_is_made_with_its_parents),
		UNIT_TEST(an_empty_depot_is_made_private),
		UNIT_TEST(an_existing_depot_is_accepted),
		UNIT_TEST(a_directory_of_a_user_is_refused_as_depot),
		UNIT_TEST(a_depot_cannot_be_below_a_file),
		UNIT_TEST(the_directory_of_a_pidfile_must_exist),
		UNIT_TEST(a_hook_must_be_a_program),
	};

	return unit_main(argc, argv, "configuration of the klass", tests, ARRAY_SIZE(tests));
}
