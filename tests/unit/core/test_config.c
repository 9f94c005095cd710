/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's groups of the configuration: valid values, refused ones with their errors, and
 * whether the installed file is correct. */
#include <config.h>

#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/config/config_private.h"
#include "lib/cleanup.h"

/* Loads a text as the file warden.conf. */
static struct config *test_config_load(const char *text, struct warden_error *err)
{
	err->message[0] = '\0';
	return config_load(unit_file("warden.conf", text), err);
}

/* Expects that the text loads; the caller frees the result. */
static struct config *test_config_expect_success(const char *text)
{
	struct warden_error err;
	struct config *config = test_config_load(text, &err);

	if (!config)
		unit_fail(err.message);
	return config;
}

/* Expects that loading fails with this message after the path of the directory. */
static void test_config_expect_error_from(const char *file, const char *message)
{
	struct warden_error err = {0};
	struct config *config = config_load(file, &err);
	char expected[2048];

	snprintf(expected, sizeof(expected), "%s/%s", unit_directory(), message);
	unit_true(config == NULL);
	unit_string(err.message, expected);
	config_free(config);
}

static void test_config_expect_error(const char *text, const char *message)
{
	test_config_expect_error_from(unit_file("warden.conf", text), message);
}

static void without_a_file_every_key_has_its_default(void)
{
	struct warden_error err;
	struct config *c = config_load(NULL, &err);

	if (!unit_true(c != NULL))
		return;
	unit_true(c->file == NULL);
	unit_string(c->server.container_klass, "linux");
	unit_string(c->server.backend_path, BACKENDDIR);
	unit_string(c->server.unix_domain_path, "/run/warden/warden.sock");
	unit_unsigned(c->server.unix_domain_permissions, 0700);
	unit_string(c->server.container_rootfs_path, "/var/lib/warden/rootfs");
	unit_string(c->server.container_depot_path, "/var/lib/warden/containers");
	unit_integer(c->server.container_grace_time, 300);
	unit_unsigned(c->server.job_output_limit, 10485760);
	unit_true(c->server.disk_quota_enabled);
	unit_false(c->server.allow_nested_warden);
	unit_true(c->server.user_namespace);
	unit_unsigned(c->server.frame_limit, 67108864);
	unit_string(c->server.pidfile, NULL);
	unit_string(c->server.syslog_socket, NULL);
	unit_string(c->health_check_server.host, "127.0.0.1");
	unit_unsigned(c->health_check_server.port, 2345);
	unit_true(c->health_check_server.container_metrics);
	unit_integer(c->logging.level, WARDEN_LOG_INFO);
	unit_string(c->logging.file, NULL);
	unit_string(c->logging.syslog, NULL);
	unit_unsigned(ntohl(c->network.pool_network.s_addr), 0x0afe0000);
	unit_unsigned(c->network.pool_size, 16384);
	unit_unsigned(c->network.release_delay, 5);
	unit_unsigned(c->network.mtu, 1500);
	unit_true(c->network.allow_networks[0] == NULL);
	unit_false(c->network.allow_host_access);
	unit_true(c->network.dns_servers[0] == NULL);
	unit_unsigned(c->network.connection_mark_bit, 28);
	unit_unsigned(c->network.max_connections, 16384);
	unit_true(c->network.own_table);
	unit_unsigned(c->user.pool_start_uid, 10000);
	unit_unsigned(c->user.pool_size, 16384);
	unit_unsigned(c->user.range_start, 1879048192);
	unit_string(c->hooks.parent_before_clone, NULL);
	unit_string(c->hooks.child_after_pivot, NULL);
	config_free(c);
}

static void default_rlimits_are_those_of_the_protocol(void)
{
	static const uint64_t expected[WARDEN_RLIMITS] = {
		[WARDEN_RLIMIT_AS] = WARDEN_RLIMIT_INFINITY,
		[WARDEN_RLIMIT_CORE] = 0,
		[WARDEN_RLIMIT_CPU] = WARDEN_RLIMIT_INFINITY,
		[WARDEN_RLIMIT_DATA] = WARDEN_RLIMIT_INFINITY,
		[WARDEN_RLIMIT_FSIZE] = WARDEN_RLIMIT_INFINITY,
		[WARDEN_RLIMIT_LOCKS] = WARDEN_RLIMIT_INFINITY,
		[WARDEN_RLIMIT_MEMLOCK] = 65536,
		[WARDEN_RLIMIT_MSGQUEUE] = 819200,
		[WARDEN_RLIMIT_NICE] = 0,
		[WARDEN_RLIMIT_NOFILE] = 1024,
		[WARDEN_RLIMIT_NPROC] = 1024,
		[WARDEN_RLIMIT_RSS] = WARDEN_RLIMIT_INFINITY,
		[WARDEN_RLIMIT_RTPRIO] = 0,
		[WARDEN_RLIMIT_SIGPENDING] = 1024,
		[WARDEN_RLIMIT_STACK] = 8388608,
	};
	struct config *c = test_config_expect_success("");

	for (size_t i = 0; c && i < WARDEN_RLIMITS; i++) {
		unit_unsigned(c->server.container_rlimits[i].value, expected[i]);
		unit_false(c->server.container_rlimits[i].requested);
	}
	config_free(c);
}

static void every_key_is_stored(void)
{
	struct config *c = test_config_expect_success(
		"server: {\n"
		"  container_klass = \"fake\"; backend_path = \"/a:b\";\n"
		"  unix_domain_path = \"w.sock\"; unix_domain_permissions = \"0755\";\n"
		"  container_rootfs_path = \"/r/\"; container_depot_path = \"depot\";\n"
		"  container_grace_time = -1; job_output_limit = 10737418240L;\n"
		"  container_rlimits = { nofile = 5; as = 12884901888L; stack = \"-1\"; };\n"
		"  quota = { disk_quota_enabled = false; };\n"
		"  allow_nested_warden = true; user_namespace = false; frame_limit = 4096;\n"
		"  pidfile = \"/p\"; syslog_socket = \"/s\";\n"
		"};\n"
		"health_check_server: { host = \"::1\"; port = 0; container_metrics = false; };\n"
		"logging: { level = \"debug2\"; file = \"l\"; syslog = \"w\"; };\n"
		"network: { pool_network = \"10.1.2.3/28\"; release_delay = 0; mtu = 1400;\n"
		"  allow_networks = [\"10.0.0.1\", \"10.0.0.0/8\", \"1.1.1.1-1.1.1.2\"];\n"
		"  allow_host_access = true; dns_servers = [\"8.8.8.8\", \"fe80::1\"]; };\n"
		"port: { pool_start_port = 2000; pool_size = 1000; };\n"
		"user: { pool_start_uid = 20000; pool_size = 10; range_start = \"65536\"; };\n"
		"hooks: { parent_before_clone = \"1\"; parent_after_clone = \"2\";\n"
		"  child_before_pivot = \"3\"; child_after_pivot = \"/4\"; };\n");
	char path[PATH_MAX];

	if (!c)
		return;
	unit_string(c->server.container_klass, "fake");
	snprintf(path, sizeof(path), "/a:%s/b", unit_directory());
	unit_string(c->server.backend_path, path);
	snprintf(path, sizeof(path), "%s/w.sock", unit_directory());
	unit_string(c->server.unix_domain_path, path);
	unit_unsigned(c->server.unix_domain_permissions, 0755);
	unit_string(c->server.container_rootfs_path, "/r");
	unit_integer(c->server.container_grace_time, -1);
	unit_unsigned(c->server.job_output_limit, 10737418240);
	unit_unsigned(c->server.container_rlimits[WARDEN_RLIMIT_NOFILE].value, 5);
	unit_unsigned(c->server.container_rlimits[WARDEN_RLIMIT_AS].value, 12884901888);
	unit_unsigned(c->server.container_rlimits[WARDEN_RLIMIT_STACK].value,
		      WARDEN_RLIMIT_INFINITY);
	unit_false(c->server.disk_quota_enabled);
	unit_true(c->server.allow_nested_warden);
	unit_false(c->server.user_namespace);
	unit_unsigned(c->server.frame_limit, 4096);
	unit_string(c->health_check_server.host, "::1");
	unit_unsigned(c->health_check_server.port, 0);
	unit_false(c->health_check_server.container_metrics);
	unit_integer(c->logging.level, WARDEN_LOG_DEBUG2);
	unit_unsigned(ntohl(c->network.pool_network.s_addr), 0x0a010200);
	unit_unsigned(c->network.pool_size, 4);
	unit_unsigned(c->network.release_delay, 0);
	unit_unsigned(c->network.mtu, 1400);
	unit_string(c->network.allow_networks[2], "1.1.1.1-1.1.1.2");
	unit_true(c->network.allow_networks[3] == NULL);
	unit_string(c->network.dns_servers[1], "fe80::1");
	unit_unsigned(c->port.pool_start_port, 2000);
	unit_unsigned(c->port.pool_size, 1000);
	unit_unsigned(c->user.pool_start_uid, 20000);
	unit_unsigned(c->user.range_start, 65536);
	snprintf(path, sizeof(path), "%s/3", unit_directory());
	unit_string(c->hooks.child_before_pivot, path);
	unit_string(c->hooks.child_after_pivot, "/4");
	config_free(c);
}

static void class_names_of_the_original_are_accepted(void)
{
	struct config *c = test_config_expect_success(
		"server: { container_klass = \"Warden::Container::Linux\"; }");

	if (c)
		unit_string(c->server.container_klass, "linux");
	config_free(c);
	c = test_config_expect_success(
		"server: { container_klass = \"Warden::Container::Insecure\"; }");
	if (c)
		unit_string(c->server.container_klass, "fake");
	config_free(c);
	test_config_expect_error("server: { container_klass = \"Warden::Container::Other\"; }",
				 "warden.conf:1: server.container_klass must be a backend's name "
				 "(letters, digits, _ "
				 "and -), the path of a module, Warden::Container::Linux or "
				 "Warden::Container::Insecure, not \"Warden::Container::Other\"");
}

static void a_klass_that_is_a_path_is_relative_to_the_file(void)
{
	struct config *c =
		test_config_expect_success("server: { container_klass = \"./mine.so\"; }");
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/./mine.so", unit_directory());
	if (c)
		unit_string(c->server.container_klass, path);
	config_free(c);
}

static void an_unknown_key_is_refused_with_a_suggestion(void)
{
	test_config_expect_error(
		"server: {\n  pidfil = \"/x\";\n};",
		"warden.conf:2: unknown key server.pidfil: did you mean server.pidfile?");
	test_config_expect_error(
		"server: {\n  container_grace_tiem = 3;\n};",
		"warden.conf:2: unknown key server.container_grace_tiem: did you mean "
		"server.container_grace_time?");
	test_config_expect_error(
		"hooks: { frobnicate = 1; }",
		"warden.conf:1: unknown key hooks.frobnicate: the group's keys are "
		"parent_before_clone, parent_after_clone, child_before_pivot, child_after_pivot");
	test_config_expect_error(
		"server: { quota: { disk_quota = true; }; };",
		"warden.conf:1: unknown key server.quota.disk_quota: the group's keys are "
		"disk_quota_enabled");
	test_config_expect_error(
		"server: { container_rlimits: { nofiles = 1; }; };",
		"warden.conf:1: unknown key server.container_rlimits.nofiles: did you mean "
		"server.container_rlimits.nofile?");
	test_config_expect_error("pidfile = \"/x\";",
				 "warden.conf:1: unknown key pidfile: the groups are server, "
				 "clients, health_check_server, "
				 "logging, network, port, user, hooks");
}

static void a_group_similar_to_a_known_one_is_refused(void)
{
	test_config_expect_error("\nsevrer: { pidfile = \"/x\"; };",
				 "warden.conf:2: unknown key sevrer: did you mean server?");
	test_config_expect_error("networks = {};",
				 "warden.conf:1: unknown key networks: did you mean network?");
}

static void a_group_of_a_backend_is_ignored_at_first(void)
{
	config_free(
		test_config_expect_success("linux: { wshd = \"/x\"; }; fake: { delay_ms = 5; };"));
}

static void a_wrong_type_is_refused_with_the_allowed_values(void)
{
	test_config_expect_error("server = 5;", "warden.conf:1: server must be a group ({ ... })");
	test_config_expect_error("server: { quota = true; };",
				 "warden.conf:1: server.quota must be a group ({ ... })");
	test_config_expect_error(
		"server: { user_namespace = 1; };",
		"warden.conf:1: server.user_namespace must be true or false, not 1");
	test_config_expect_error("server: {\n\n container_grace_time = 1.5; };",
				 "warden.conf:3: server.container_grace_time must be an integer "
				 "from -1 to 2147483647 "
				 "(seconds, or \"5m\" and the like; -1: never), not 1.5");
	test_config_expect_error("server: { container_grace_time = true; };",
				 "warden.conf:1: server.container_grace_time must be an integer "
				 "from -1 to 2147483647 "
				 "(seconds, or \"5m\" and the like; -1: never), not true");
	test_config_expect_error("server: { pidfile = 3; };",
				 "warden.conf:1: server.pidfile must be a path, not 3");
	test_config_expect_error("server: { pidfile = {}; };",
				 "warden.conf:1: server.pidfile must be a path, not a group");
	test_config_expect_error("server: { pidfile = \"\"; };",
				 "warden.conf:1: server.pidfile must be a path, not \"\"");
	test_config_expect_error(
		"network: { dns_servers = \"8.8.8.8\"; };",
		"warden.conf:1: network.dns_servers must be an array of strings ([\"A\", \"B\"]), "
		"each an IPv4 or IPv6 address, not \"8.8.8.8\"");
	test_config_expect_error(
		"network: { dns_servers = [ 8 ]; };",
		"warden.conf:1: network.dns_servers must be an array of strings ([\"A\", \"B\"]), "
		"each an IPv4 or IPv6 address, not 8");
	test_config_expect_error(
		"network: { dns_servers = (\"8.8.8.8\"); };",
		"warden.conf:1: network.dns_servers must be an array of strings ([\"A\", \"B\"]), "
		"each an IPv4 or IPv6 address, not a list");
}

static void a_value_out_of_range_is_refused_with_the_range(void)
{
	test_config_expect_error(
		"network: { mtu = 67; };",
		"warden.conf:1: network.mtu must be an integer from 68 to 65535 (bytes), not 67");
	test_config_expect_error(
		"health_check_server: { port = 65536; };",
		"warden.conf:1: health_check_server.port must be an integer from 0 to 65535 (0: "
		"off), "
		"not 65536");
	test_config_expect_error(
		"health_check_server: { port = \"-1\"; };",
		"warden.conf:1: health_check_server.port must be an integer from 0 to 65535 (0: "
		"off), "
		"not \"-1\"");
	test_config_expect_error(
		"health_check_server: { host = \"localhost\"; };",
		"warden.conf:1: health_check_server.host must be an IPv4 or IPv6 address, not "
		"\"localhost\"");
	test_config_expect_error(
		"logging: { level = \"warning\"; };",
		"warden.conf:1: logging.level must be one of \"off\", \"fatal\", \"error\", "
		"\"warn\", "
		"\"info\", \"debug\", \"debug1\", \"debug2\", not \"warning\"");
	test_config_expect_error(
		"user: { range_start = 1879048193; };",
		"warden.conf:1: user.range_start must be an integer from 65536 to 1879048192, not "
		"1879048193");
	test_config_expect_error("user: {\n pool_start_uid = 60000;\n pool_size = 5537; };",
				 "warden.conf:3: the last uid of user.pool_start_uid and "
				 "user.pool_size must be at most "
				 "65535, not 65536");
	test_config_expect_error("server: { unix_domain_permissions = 755; };",
				 "warden.conf:1: server.unix_domain_permissions must be an octal "
				 "string from \"0000\" "
				 "to \"0777\", or an integer up to 511 (0777), not 755");
	test_config_expect_error("server: { unix_domain_permissions = \"0888\"; };",
				 "warden.conf:1: server.unix_domain_permissions must be an octal "
				 "string from \"0000\" "
				 "to \"0777\", or an integer up to 511 (0777), not \"0888\"");
	test_config_expect_error(
		"network: { allow_networks = [\"10.0.0.0/33\"]; };",
		"warden.conf:1: network.allow_networks must be an array of strings ([\"A\", "
		"\"B\"]), "
		"each an IPv4 address (\"10.0.0.1\"), a network (\"10.0.0.0/8\") or a range "
		"(\"10.0.0.1-10.0.0.9\"), not \"10.0.0.0/33\"");
}

static void a_dangerous_text_is_refused(void)
{
	test_config_expect_error("server: { container_rootfs_path = \"/a\\nrootfs_path=/\"; };",
				 "warden.conf:1: server.container_rootfs_path must be a path, not "
				 "\"/a\\nrootfs_path=/\"");
	test_config_expect_error(
		"server: { pidfile = \"/a\\x1b[2J\"; };",
		"warden.conf:1: server.pidfile must be a path, not \"/a\\x1b[2J\"");
	test_config_expect_error("server: { pidfile = \"/a\\xff\"; };",
				 "warden.conf:1: server.pidfile must be a path, not \"/a\\xff\"");
	test_config_expect_error(
		"server: { pidfile = \"/a\\x00b\"; };",
		"warden.conf:1: \\x00 in a string: a string cannot contain a NUL byte");
	test_config_expect_error(
		"network: { dns_servers = [\"8.8.8.8\\nsearch evil\"]; };",
		"warden.conf:1: network.dns_servers must be an array of strings ([\"A\", \"B\"]), "
		"each an IPv4 or IPv6 address, not \"8.8.8.8\\nsearch evil\"");
	test_config_expect_error("logging: { syslog = \"a: b\"; };",
				 "warden.conf:1: logging.syslog must be a name of "
				 "at most 32 characters without space, "
				 "colon, brackets, % and /, not \"a: b\"");
}

static void a_socket_path_must_fit_an_address(void)
{
	char text[512], expected[512], longest[256];
	size_t most = 107;
	struct config *c;

	memset(longest, 'a', sizeof(longest));
	longest[0] = '/';
	longest[most] = '\0';
	snprintf(text, sizeof(text), "server: { unix_domain_path = \"%s\"; };", longest);
	c = test_config_expect_success(text);
	if (c)
		unit_string(c->server.unix_domain_path, longest);
	config_free(c);
	longest[most] = 'a';
	longest[most + 1] = '\0';
	snprintf(text, sizeof(text), "server: { unix_domain_path = \"%s\"; };", longest);
	snprintf(expected, sizeof(expected),
		 "warden.conf:1: server.unix_domain_path must be at most 107 bytes long as an "
		 "absolute path, not 108: %s",
		 longest);
	test_config_expect_error(text, expected);
}

static void a_list_of_directories_has_no_empty_part(void)
{
	static const char message[] =
		"warden.conf:1: server.backend_path must be a list of directories, separated "
		"by colons";

	test_config_expect_error("server: { backend_path = \"/a::/b\"; };", message);
	test_config_expect_error("server: { backend_path = \"/a:\"; };", message);
	test_config_expect_error("server: { backend_path = \":\"; };", message);
}

static void networks_may_be_a_start_and_a_size(void)
{
	struct config *c = test_config_expect_success(
		"network: { pool_start_address = \"10.0.0.4\"; pool_size = 3; };");

	if (c) {
		unit_unsigned(ntohl(c->network.pool_network.s_addr), 0x0a000004);
		unit_unsigned(c->network.pool_size, 3);
	}
	config_free(c);
}

static void both_forms_of_networks_at_once_are_refused(void)
{
	test_config_expect_error(
		"network: { pool_network = \"10.0.0.0/8\";\n pool_size = 3; };",
		"warden.conf:2: network.pool_size and network.pool_network exclude each other: "
		"set either pool_network, or pool_start_address and pool_size");
	test_config_expect_error("network: {\n pool_start_address = \"10.0.0.0\"; pool_size = 3;\n"
				 " pool_network = \"10.0.0.0/8\"; };",
				 "warden.conf:2: network.pool_start_address and "
				 "network.pool_network exclude each other: "
				 "set either pool_network, or pool_start_address and pool_size");
	test_config_expect_error(
		"network: { pool_size = 3; };",
		"warden.conf:1: network.pool_size also needs network.pool_start_address");
	test_config_expect_error(
		"network: { pool_start_address = \"10.0.0.0\"; };",
		"warden.conf:1: network.pool_start_address also needs network.pool_size");
}

static void unusable_networks_are_refused(void)
{
	test_config_expect_error(
		"network: { pool_network = \"10.0.0.0\"; };",
		"warden.conf:1: network.pool_network must be a network in CIDR form "
		"(\"10.254.0.0/16\"), not \"10.0.0.0\"");
	test_config_expect_error(
		"network: { pool_network = \"10.0.0/8\"; };",
		"warden.conf:1: network.pool_network must be a network in CIDR form "
		"(\"10.254.0.0/16\"), not \"10.0.0/8\"");
	test_config_expect_error(
		"network: { pool_network = \"10.0.0.0/31\"; };",
		"warden.conf:1: network.pool_network must have a prefix from /8 to /30, not /31");
	test_config_expect_error(
		"network: { pool_network = \"0.0.0.0/0\"; };",
		"warden.conf:1: network.pool_network must have a prefix from /8 to /30, not /0");
	test_config_expect_error(
		"network: { pool_network = \"127.0.0.0/16\"; };",
		"warden.conf:1: network.pool_network: the networks must be between 1.0.0.0 and "
		"223.255.255.255 and outside 127.0.0.0/8");
	test_config_expect_error(
		"network: { pool_start_address = \"10.0.0.2\"; pool_size = 1; };",
		"warden.conf:1: network.pool_start_address must be the first address of a /30 (a "
		"multiple of 4)");
	test_config_expect_error(
		"network: { pool_start_address = \"223.255.255.252\"; pool_size = 2; };",
		"warden.conf:1: network.pool_start_address: the networks must be between 1.0.0.0 "
		"and "
		"223.255.255.255 and outside 127.0.0.0/8");
	config_free(test_config_expect_success(
		"network: { pool_start_address = \"223.255.255.252\"; pool_size = 1; };"));
}

static void a_syntax_error_is_reported_with_its_line(void)
{
	test_config_expect_error("server: {\n  pidfile = \"/x\";\n", "warden.conf:2: syntax error");
	test_config_expect_error("server: {\n  pidfile \"/x\";\n};", "warden.conf:2: syntax error");
	test_config_expect_error("server: {};\nserver: {};",
				 "warden.conf:2: duplicate setting name");
	test_config_expect_error("# fine\nserver: { pidfile = \"/x\n\n};",
				 "warden.conf:2: a string that begins here is not terminated");
	test_config_expect_error("server: {};\n/* no\nend",
				 "warden.conf:2: a comment that begins here is not terminated");
	test_config_expect_error("network: { dns_servers = [\"8.8.8.8\", 5]; };",
				 "warden.conf:1: mismatched element type in array");
}

static void an_included_file_is_named_in_its_errors(void)
{
	unit_file("extra.conf", "\n\npidfil = \"/x\";\n");
	test_config_expect_error(
		"server: {\n  @include \"extra.conf\"\n};",
		"extra.conf:3: unknown key server.pidfil: did you mean server.pidfile?");
	unit_file("extra.conf", "\npidfile \"/x\";\n");
	test_config_expect_error("server: {\n  @include \"extra.conf\"\n};",
				 "extra.conf:2: syntax error");
	unit_file("extra.conf", "\npidfile = \"/x\";\n");
	test_config_expect_error(
		"server: {\n  @include \"extra.conf\"\n  pidfil = 3;\n};",
		"warden.conf:3: unknown key server.pidfil: did you mean server.pidfile?");
}

static void an_included_files_paths_are_relative_to_it(void)
{
	char path[PATH_MAX], text[PATH_MAX + 64];
	struct config *c;

	snprintf(path, sizeof(path), "%s/sub", unit_directory());
	unit_integer(mkdir(path, 0700), 0);
	unit_file("sub/extra.conf", "pidfile = \"pid\"; @include \"x\"\n");
	test_config_expect_error("server: {\n@include \"sub/extra.conf\"\n};",
				 "sub/extra.conf:1: syntax error");
	unit_file("sub/extra.conf", "pidfile = \"pid\";\n@include \"more.conf\"\n");
	unit_file("sub/more.conf", "unix_domain_path = \"sock\";\n");
	snprintf(text, sizeof(text), "server: {\n@include \"%s/extra.conf\" \n};", path);
	c = test_config_expect_success(text);
	if (!c)
		return;
	snprintf(path, sizeof(path), "%s/sub/pid", unit_directory());
	unit_string(c->server.pidfile, path);
	snprintf(path, sizeof(path), "%s/sub/sock", unit_directory());
	unit_string(c->server.unix_domain_path, path);
	config_free(c);
}

static void an_invalid_include_is_refused(void)
{
	char expected[PATH_MAX + 128];
	const char *directory = unit_directory();

	snprintf(expected, sizeof(expected),
		 "warden.conf:2: %s/none.conf cannot be read: No such file or directory",
		 directory);
	test_config_expect_error("\n@include \"none.conf\"\n", expected);
	snprintf(expected, sizeof(expected), "warden.conf:1: %s/. is not a regular file",
		 directory);
	test_config_expect_error("@include \".\"\n", expected);
	test_config_expect_error("@include \"warden.conf\"\n",
				 "warden.conf:1: @include: at most 256 files, 10 deep");
	test_config_expect_error(
		"@include warden.conf\n",
		"warden.conf:1: @include must be followed by a file's name in quotes");
	test_config_expect_error(
		"@include \"\"\n",
		"warden.conf:1: @include must be followed by a file's name in quotes");
	test_config_expect_error("@include \"a\" b = 1;\n",
				 "warden.conf:1: nothing may follow @include \"FILE\"");
}

static void an_include_in_a_comment_or_string_is_none(void)
{
	struct config *c = test_config_expect_success(
		"/*\n@include \"none\"\n*/\n# @include \"none\"\nserver: {};");

	config_free(c);
	test_config_expect_error(
		"server: { pidfile = \"\n@include \"; };",
		"warden.conf:1: server.pidfile must be a path, not \"\\n@include \"");
}

static void a_file_that_is_not_text_is_refused(void)
{
	char path[PATH_MAX];
	size_t most = 1024UL * 1024;
	char *big = malloc(most + 2);

	snprintf(path, sizeof(path), "%s/directory", unit_directory());
	unit_integer(mkdir(path, 0700), 0);
	test_config_expect_error_from(path, "directory is not a regular file");
	snprintf(path, sizeof(path), "%s/fifo", unit_directory());
	unit_integer(mkfifo(path, 0600), 0);
	test_config_expect_error_from(path, "fifo is not a regular file");
	snprintf(path, sizeof(path), "%s/absent", unit_directory());
	test_config_expect_error_from(path, "absent cannot be read: No such file or directory");
	memset(big, '#', most + 1);
	big[most + 1] = '\0';
	test_config_expect_error(big, "warden.conf is larger than 1048576 bytes");
	big[most] = '\0';
	config_free(test_config_expect_success(big));
	free(big);
}

static void a_nul_byte_is_refused(void)
{
	const char *file = unit_file("warden.conf", "");
	FILE *out = fopen(file, "we");

	fwrite("\n# a\0b\n", 1, 7, out);
	fclose(out);
	test_config_expect_error_from(file, "warden.conf:2: a NUL byte: the file is not text");
}

static void deep_nesting_is_an_error_and_no_crash(void)
{
	size_t depth = 200000;
	char *text = malloc(depth * 3 + 1);

	for (size_t i = 0; i < depth; i++)
		memcpy(text + i * 3, "a={", 3);
	text[depth * 3] = '\0';
	test_config_expect_error(text, "warden.conf:1: memory exhausted");
	free(text);
}

static void an_empty_file_gives_the_defaults(void)
{
	struct config *c = test_config_expect_success("");

	if (c)
		unit_string(c->server.container_klass, "linux");
	config_free(c);
}

/* Reads a file of the source tree. */
static char *test_config_read_source(const char *name)
{
	char path[PATH_MAX], *text = calloc(1, 65536);
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", SOURCE_DIRECTORY, name);
	file = fopen(path, "re");
	if (unit_true(file && text) && file) {
		unit_true(fread(text, 1, 65535, file) > 0);
		fclose(file);
	}
	return text;
}

/* Removes the # from every line in which a setting follows it immediately. */
static void test_config_uncomment(char *text)
{
	bool begins = true;

	for (; *text; text++) {
		if (begins && *text == '#' && text[1] >= 'a' && text[1] <= 'z')
			*text = ' ';
		begins = *text == '\n' || (begins && *text == ' ');
	}
}

/* Whether both have the same value of a key. */
static bool test_config_same_value(const struct config_key *key, const struct config *a,
				   const struct config *b)
{
	const char *ma = (const char *)a + key->offset, *mb = (const char *)b + key->offset;

	if (key->type == KEY_STRING || key->type == KEY_PATH)
		return !key->text || strcmp(*(char *const *)ma, *(char *const *)mb) == 0;
	if (key->type == KEY_STRINGS)
		return !**(char **const *)ma && !**(char **const *)mb;
	return memcmp(ma, mb, key->size) == 0;
}

/* The backend path in the file is set when it is installed. */
static bool test_config_depends_on_host(const struct config_key *key)
{
	return strcmp(key->path, "server.backend_path") == 0 || strncmp(key->path, "port.", 5) == 0;
}

static void the_installed_file_has_every_default(void)
{
	char *text = test_config_read_source("etc/warden.conf.in");
	struct warden_error err;
	struct config *defaults = config_load(NULL, &err), *c;

	config_free(test_config_expect_success(text));
	test_config_uncomment(text);
	c = test_config_expect_success(text);
	for (size_t i = 0; c && defaults && i < config_n_keys; i++) {
		const struct config_key *key = &config_keys[i];

		if (key->offset == CONFIG_NOT_STORED || test_config_depends_on_host(key))
			continue;
		if (!config_setting_at(c, key->path) || !test_config_same_value(key, c, defaults))
			unit_fail(key->path);
	}
	config_free(c);
	config_free(defaults);
	free(text);
}

/* Whether the manual has the key in the section of its group. */
static bool test_config_manual_has(const char *manual, const char *path)
{
	static const char *const headings[] = {"\n.Sh GROUP ", "\n.Ss Group "};
	int group = (int)(strrchr(path, '.') - path);
	char heading[128], entry[128];

	snprintf(entry, sizeof(entry), "\n.It Ic %s ", path + group + 1);
	for (size_t i = 0; i < sizeof(headings) / sizeof(headings[0]); i++) {
		const char *section, *end, *found;

		snprintf(heading, sizeof(heading), "%s%.*s\n", headings[i], group, path);
		section = strstr(manual, heading);
		if (!section)
			continue;
		end = strstr(section + 1, "\n.S");
		found = strstr(section, entry);
		return found && (!end || found < end);
	}
	return false;
}

static void the_file_and_the_manual_name_every_key(void)
{
	char *file = test_config_read_source("etc/warden.conf.in");
	char *manual = test_config_read_source("doc/warden.conf.5");

	for (size_t i = 0; i < config_n_keys; i++) {
		const char *name = strrchr(config_keys[i].path, '.') + 1;

		if (!strstr(file, name) || !test_config_manual_has(manual, config_keys[i].path))
			unit_fail(config_keys[i].path);
	}
	free(file);
	free(manual);
}

int main(int argc, char **argv)
{
	static const struct unit_test tests[] = {
		UNIT_TEST(without_a_file_every_key_has_its_default),
		UNIT_TEST(default_rlimits_are_those_of_the_protocol),
		UNIT_TEST(every_key_is_stored),
		UNIT_TEST(class_names_of_the_original_are_accepted),
		UNIT_TEST(a_klass_that_is_a_path_is_relative_to_the_file),
		UNIT_TEST(an_unknown_key_is_refused_with_a_suggestion),
		UNIT_TEST(a_group_similar_to_a_known_one_is_refused),
		UNIT_TEST(a_group_of_a_backend_is_ignored_at_first),
		UNIT_TEST(a_wrong_type_is_refused_with_the_allowed_values),
		UNIT_TEST(a_value_out_of_range_is_refused_with_the_range),
		UNIT_TEST(a_dangerous_text_is_refused),
		UNIT_TEST(a_socket_path_must_fit_an_address),
		UNIT_TEST(a_list_of_directories_has_no_empty_part),
		UNIT_TEST(networks_may_be_a_start_and_a_size),
		UNIT_TEST(both_forms_of_networks_at_once_are_refused),
		UNIT_TEST(unusable_networks_are_refused),
		UNIT_TEST(a_syntax_error_is_reported_with_its_line),
		UNIT_TEST(an_included_file_is_named_in_its_errors),
		UNIT_TEST(an_included_files_paths_are_relative_to_it),
		UNIT_TEST(an_invalid_include_is_refused),
		UNIT_TEST(an_include_in_a_comment_or_string_is_none),
		UNIT_TEST(a_file_that_is_not_text_is_refused),
		UNIT_TEST(a_nul_byte_is_refused),
		UNIT_TEST(deep_nesting_is_an_error_and_no_crash),
		UNIT_TEST(an_empty_file_gives_the_defaults),
		UNIT_TEST(the_installed_file_has_every_default),
		UNIT_TEST(the_file_and_the_manual_name_every_key),
	};

	return unit_main(argc, argv, "config", tests, ARRAY_SIZE(tests));
}
