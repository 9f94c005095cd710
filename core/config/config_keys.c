/* SPDX-License-Identifier: Apache-2.0 */
/* Every key of the configuration except those of backends, with its type, limits and default.
 * warden.conf(5) and etc/warden.conf document these. */
#include <config.h>

#include "core/config/config_private.h"

#include <ctype.h>

#include "lib/address.h"
#include "lib/cleanup.h"
#include "lib/text.h"

#define MEMBER(member)                                                                             \
	.offset = offsetof(struct config, member), .size = sizeof(((struct config *)0)->member)

/* 4,096 slots of 65,536 ids must end at 2^31. */
#define LAST_RANGE_START (2147483648 - 4096L * 65536)

static bool config_key_is_address(const char *text)
{
	uint32_t address;

	return address_parse(text, &address);
}

static bool config_key_is_cidr(const char *text)
{
	uint32_t network;
	unsigned prefix;

	return address_parse_cidr(text, &network, &prefix);
}

static bool config_key_is_range(const char *text)
{
	uint32_t first, last;

	return address_parse_range(text, &first, &last);
}

/* Readers of a log take a colon, bracket or space as the end of the ident. */
static bool config_key_is_ident(const char *text)
{
	return strlen(text) <= 32 && strcspn(text, " :[]%/") == strlen(text);
}

/* What a line of resolv.conf can hold; the backend warns of what is no address. */
static bool config_key_is_word(const char *text)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < length; i++)
		if (!isgraph((unsigned char)text[i]))
			return false;
	return length > 0 && length <= 255;
}

#define RLIMIT(field, which, counted, allowed_values, value)                                       \
	{                                                                                          \
		.path = "server.container_rlimits." field, .type = KEY_RLIMIT,                     \
		MEMBER(server.container_rlimits[which]), .reloads = true, .min = -1,               \
		.max = INT64_MAX, .number = (value), .unit = WARDEN_UNIT_##counted,                \
		.allowed = allowed_values "-1: unlimited"                                          \
	}

#define NAMES(field, member, what)                                                                 \
	{                                                                                          \
		.path = "clients." field, .type = KEY_STRINGS, MEMBER(clients.member),             \
		.reloads = true, .allowed = "the name or number of a " what                        \
	}

const struct config_key config_keys[] = {
	{.path = "server.container_klass",
	 .type = KEY_STRING,
	 MEMBER(server.container_klass),
	 .text = "linux"},
	{.path = "server.backend_path",
	 .type = KEY_STRING,
	 MEMBER(server.backend_path),
	 .text = BACKENDDIR},
	{.path = "server.unix_domain_path",
	 .type = KEY_PATH,
	 MEMBER(server.unix_domain_path),
	 .text = "/run/warden/warden.sock"},
	{.path = "server.unix_domain_permissions",
	 .type = KEY_MODE,
	 MEMBER(server.unix_domain_permissions),
	 .max = 0777,
	 .number = 0700},
	{.path = "server.unix_domain_owner",
	 .type = KEY_STRING,
	 MEMBER(server.unix_domain_owner),
	 .allowed = "the name or number of a user"},
	{.path = "server.unix_domain_group",
	 .type = KEY_STRING,
	 MEMBER(server.unix_domain_group),
	 .allowed = "the name or number of a group"},
	{.path = "server.container_rootfs_path",
	 .type = KEY_PATH,
	 MEMBER(server.container_rootfs_path),
	 .text = "/var/lib/warden/rootfs"},
	{.path = "server.container_depot_path",
	 .type = KEY_PATH,
	 MEMBER(server.container_depot_path),
	 .text = "/var/lib/warden/containers"},
	{.path = "server.container_grace_time",
	 .type = KEY_INTEGER,
	 MEMBER(server.container_grace_time),
	 .reloads = true,
	 .min = -1,
	 .max = INT32_MAX,
	 .number = 300,
	 .unit = WARDEN_UNIT_SECONDS,
	 .allowed = "-1: never"},
	{.path = "server.prepared",
	 .type = KEY_INTEGER,
	 MEMBER(server.prepared),
	 .reloads = true,
	 .min = 0,
	 .max = 64,
	 .number = 0,
	 .allowed = "0: none"},
	{.path = "server.destroy_timeout",
	 .type = KEY_INTEGER,
	 MEMBER(server.destroy_timeout),
	 .min = 0,
	 .max = INT32_MAX,
	 .number = 60,
	 .unit = WARDEN_UNIT_SECONDS,
	 .allowed = "0: none"},
	{.path = "server.create_timeout",
	 .type = KEY_INTEGER,
	 MEMBER(server.create_timeout),
	 .min = 0,
	 .max = INT32_MAX,
	 .number = 60,
	 .unit = WARDEN_UNIT_SECONDS,
	 .allowed = "0: none"},
	{.path = "server.client_return_time",
	 .type = KEY_INTEGER,
	 MEMBER(server.client_return_time),
	 .min = 0,
	 .max = INT32_MAX,
	 .number = 60,
	 .unit = WARDEN_UNIT_SECONDS},
	RLIMIT("as", WARDEN_RLIMIT_AS, BYTES, "", -1),
	RLIMIT("core", WARDEN_RLIMIT_CORE, BYTES, "", 0),
	RLIMIT("cpu", WARDEN_RLIMIT_CPU, SECONDS, "", -1),
	RLIMIT("data", WARDEN_RLIMIT_DATA, BYTES, "", -1),
	RLIMIT("fsize", WARDEN_RLIMIT_FSIZE, BYTES, "", -1),
	RLIMIT("locks", WARDEN_RLIMIT_LOCKS, NONE, "number, ", -1),
	RLIMIT("memlock", WARDEN_RLIMIT_MEMLOCK, BYTES, "", 65536),
	RLIMIT("msgqueue", WARDEN_RLIMIT_MSGQUEUE, BYTES, "", 819200),
	RLIMIT("nice", WARDEN_RLIMIT_NICE, NONE, "20 - nice value, ", 0),
	RLIMIT("nofile", WARDEN_RLIMIT_NOFILE, NONE, "number, ", 1024),
	RLIMIT("nproc", WARDEN_RLIMIT_NPROC, NONE, "number, ", 1024),
	RLIMIT("rss", WARDEN_RLIMIT_RSS, BYTES, "", -1),
	RLIMIT("rtprio", WARDEN_RLIMIT_RTPRIO, NONE, "priority, ", 0),
	RLIMIT("sigpending", WARDEN_RLIMIT_SIGPENDING, NONE, "number, ", 1024),
	RLIMIT("stack", WARDEN_RLIMIT_STACK, BYTES, "", 8L * 1024 * 1024),
	{.path = "server.job_output_limit",
	 .type = KEY_INTEGER,
	 MEMBER(server.job_output_limit),
	 .reloads = true,
	 .min = 0,
	 .max = INT64_MAX,
	 .number = 10485760,
	 .unit = WARDEN_UNIT_BYTES},
	{.path = "server.quota.disk_quota_enabled",
	 .type = KEY_BOOL,
	 MEMBER(server.disk_quota_enabled),
	 .number = true},
	{.path = "server.allow_nested_warden",
	 .type = KEY_BOOL,
	 MEMBER(server.allow_nested_warden),
	 .number = false},
	{.path = "server.user_namespace",
	 .type = KEY_BOOL,
	 MEMBER(server.user_namespace),
	 .number = true},
	{.path = "server.no_new_privs",
	 .type = KEY_BOOL,
	 MEMBER(server.no_new_privs),
	 .number = false},
	{.path = "server.frame_limit",
	 .type = KEY_INTEGER,
	 MEMBER(server.frame_limit),
	 .reloads = true,
	 .min = 1024,
	 .max = 1 << 30,
	 .number = 67108864,
	 .unit = WARDEN_UNIT_BYTES},
	{.path = "server.pidfile", .type = KEY_PATH, MEMBER(server.pidfile)},
	{.path = "server.syslog_socket", .type = KEY_PATH, MEMBER(server.syslog_socket)},

	NAMES("users", users, "user"),
	NAMES("groups", groups, "group"),
	NAMES("read_only_users", read_only_users, "user"),
	NAMES("read_only_groups", read_only_groups, "group"),
	{.path = "clients.connection_limit",
	 .type = KEY_INTEGER,
	 MEMBER(clients.connection_limit),
	 .reloads = true,
	 .min = 1,
	 .max = 1 << 20,
	 .number = 2048,
	 .allowed = "connections of a user"},
	{.path = "clients.request_limit",
	 .type = KEY_INTEGER,
	 MEMBER(clients.request_limit),
	 .reloads = true,
	 .min = 1,
	 .max = 1 << 20,
	 .number = 2048,
	 .allowed = "requests of a user"},
	{.path = "clients.buffer_limit",
	 .type = KEY_INTEGER,
	 MEMBER(clients.buffer_limit),
	 .reloads = true,
	 .min = 65536,
	 .max = INT64_C(1) << 40,
	 .number = 67108864,
	 .unit = WARDEN_UNIT_BYTES,
	 .allowed = "of a user"},

	{.path = "health_check_server.host",
	 .type = KEY_STRING,
	 MEMBER(health_check_server.host),
	 .text = "127.0.0.1",
	 .is_valid = address_is_ip,
	 .allowed = "an IPv4 or IPv6 address"},
	{.path = "health_check_server.port",
	 .type = KEY_INTEGER,
	 MEMBER(health_check_server.port),
	 .max = 65535,
	 .number = 2345,
	 .allowed = "0: off"},
	{.path = "health_check_server.container_metrics",
	 .type = KEY_BOOL,
	 MEMBER(health_check_server.container_metrics),
	 .reloads = true,
	 .number = true},
	{.path = "health_check_server.ui",
	 .type = KEY_BOOL,
	 MEMBER(health_check_server.ui),
	 .number = true},

	{.path = "logging.level",
	 .type = KEY_LEVEL,
	 MEMBER(logging.level),
	 .reloads = true,
	 .text = "info"},
	{.path = "logging.file", .type = KEY_PATH, MEMBER(logging.file)},
	{.path = "logging.audit", .type = KEY_BOOL, MEMBER(logging.audit), .number = true},
	{.path = "logging.audit_file", .type = KEY_PATH, MEMBER(logging.audit_file)},
	{.path = "logging.syslog",
	 .type = KEY_STRING,
	 MEMBER(logging.syslog),
	 .is_valid = config_key_is_ident,
	 .allowed = "a name of at most 32 characters without space, colon, brackets, % and /"},
	{.path = "logging.trace", .type = KEY_BOOL, MEMBER(logging.trace)},

	{.path = "network.pool_network",
	 .type = KEY_STRING,
	 .offset = CONFIG_NOT_STORED,
	 .text = "10.254.0.0/16",
	 .is_valid = config_key_is_cidr,
	 .allowed = "a network in CIDR form (\"10.254.0.0/16\")"},
	{.path = "network.pool_start_address",
	 .type = KEY_STRING,
	 .offset = CONFIG_NOT_STORED,
	 .is_valid = config_key_is_address,
	 .allowed = "an IPv4 address (\"10.254.0.0\")"},
	{.path = "network.pool_size",
	 .type = KEY_INTEGER,
	 .offset = CONFIG_NOT_STORED,
	 .min = 1,
	 .max = 1 << 22,
	 .allowed = "number of /30 networks"},
	{.path = "network.release_delay",
	 .type = KEY_INTEGER,
	 MEMBER(network.release_delay),
	 .max = 86400,
	 .number = 5,
	 .unit = WARDEN_UNIT_SECONDS},
	{.path = "network.mtu",
	 .type = KEY_INTEGER,
	 MEMBER(network.mtu),
	 .min = 68,
	 .max = 65535,
	 .number = 1500,
	 .allowed = "bytes"},
	{.path = "network.allow_networks",
	 .type = KEY_STRINGS,
	 MEMBER(network.allow_networks),
	 .reloads = true,
	 .by_backend = true,
	 .is_valid = config_key_is_range,
	 .allowed = "an IPv4 address (\"10.0.0.1\"), a network (\"10.0.0.0/8\") or a range "
		    "(\"10.0.0.1-10.0.0.9\")"},
	{.path = "network.allow_host_access",
	 .type = KEY_BOOL,
	 MEMBER(network.allow_host_access),
	 .number = false},
	{.path = "network.dns_servers",
	 .type = KEY_STRINGS,
	 MEMBER(network.dns_servers),
	 .is_valid = config_key_is_word,
	 .allowed = "an IPv4 or IPv6 address"},
	{.path = "network.connection_mark_bit",
	 .type = KEY_INTEGER,
	 MEMBER(network.connection_mark_bit),
	 .max = 31,
	 .number = 28,
	 .allowed = "the number of a bit"},
	{.path = "network.max_connections",
	 .type = KEY_INTEGER,
	 MEMBER(network.max_connections),
	 .max = 1 << 24,
	 .number = 16384,
	 .allowed = "a number of connections, 0 for no limit"},
	{.path = "network.own_table", .type = KEY_BOOL, MEMBER(network.own_table), .number = true},

	{.path = "port.pool_start_port",
	 .type = KEY_INTEGER,
	 MEMBER(port.pool_start_port),
	 .min = 1,
	 .max = 65535},
	{.path = "port.pool_size",
	 .type = KEY_INTEGER,
	 MEMBER(port.pool_size),
	 .min = 1,
	 .max = 65535},

	{.path = "user.pool_start_uid",
	 .type = KEY_INTEGER,
	 MEMBER(user.pool_start_uid),
	 .min = 1,
	 .max = 65535,
	 .number = 10000},
	{.path = "user.pool_size",
	 .type = KEY_INTEGER,
	 MEMBER(user.pool_size),
	 .min = 1,
	 .max = 65535,
	 .number = 16384},
	{.path = "user.range_start",
	 .type = KEY_INTEGER,
	 MEMBER(user.range_start),
	 .min = 65536,
	 .max = LAST_RANGE_START,
	 .number = LAST_RANGE_START},

	{.path = "hooks.parent_before_clone", .type = KEY_PATH, MEMBER(hooks.parent_before_clone)},
	{.path = "hooks.parent_after_clone", .type = KEY_PATH, MEMBER(hooks.parent_after_clone)},
	{.path = "hooks.child_before_pivot", .type = KEY_PATH, MEMBER(hooks.child_before_pivot)},
	{.path = "hooks.child_after_pivot", .type = KEY_PATH, MEMBER(hooks.child_after_pivot)},
};

const size_t config_n_keys = ARRAY_SIZE(config_keys);

const struct config_key *config_key_find(const char *path)
{
	for (size_t i = 0; i < config_n_keys; i++)
		if (strcmp(config_keys[i].path, path) == 0)
			return &config_keys[i];
	return NULL;
}

bool config_key_is_group(const char *path)
{
	size_t length = strlen(path);

	for (size_t i = 0; i < config_n_keys; i++)
		if (strncmp(config_keys[i].path, path, length) == 0 &&
		    config_keys[i].path[length] == '.')
			return true;
	return false;
}

/* Returns the component of a key's path below the group, `*length` bytes long. NULL: the key is not
 * in the group. */
static const char *config_key_name_below(const char *path, const char *group, size_t *length)
{
	size_t skip = strlen(group);

	if (skip > 0) {
		if (strncmp(path, group, skip) != 0 || path[skip] != '.')
			return NULL;
		skip++;
	}
	*length = strcspn(path + skip, ".");
	return path + skip;
}

bool config_key_names(const char *group, const char *name, char *names, size_t size,
		      char like[CONFIG_NAME_SIZE])
{
	size_t at = 0, length, last_length = 0,
	       nearest = 3; /* with more changes it is another word */
	const char *last = NULL;

	names[0] = like[0] = '\0';
	for (size_t i = 0; i < config_n_keys; i++) {
		const char *below = config_key_name_below(config_keys[i].path, group, &length);
		char word[CONFIG_NAME_SIZE];
		size_t distance;

		if (!below || (last && length == last_length && memcmp(below, last, length) == 0))
			continue;
		snprintf(word, sizeof(word), "%.*s", (int)length, below);
		if (at < size)
			at += (size_t)snprintf(names + at, size - at, "%s%s", last ? ", " : "",
					       word);
		distance = text_distance(name, word);
		if (distance < nearest && distance < strlen(name)) {
			nearest = distance;
			memcpy(like, word, sizeof(word));
		}
		last = below;
		last_length = length;
	}
	return like[0] != '\0';
}
