/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's configuration, warden.conf(5). The whole file is read and every key is checked; each
 * error names file and line. */
#ifndef CORE_CONFIG_CONFIG_H
#define CORE_CONFIG_CONFIG_H

#include "warden/backend.h"

/* The value of a key in the container_klass's group. */
struct config_option {
	const struct warden_option *option;
	int64_t number; /* integer or bool */
	char *text;     /* string; NULL: not set */
	char **texts;   /* array; ends in NULL */
};

/* Users or groups that the configuration names. */
struct config_ids {
	uint32_t *ids;
	size_t n;
};

/* How many host ids belong to containers, from user.range_start on. */
#define CONFIG_HOST_IDS (4096U * 65536)

struct config {
	char *file; /* absolute path, or NULL: built-in defaults alone */

	struct {
		char *container_klass; /* as written; the original's names are replaced by ours */
		char *backend_path;
		char *unix_domain_path;
		mode_t unix_domain_permissions;
		char *unix_domain_owner, *unix_domain_group; /* NULL: the daemon's */
		uint32_t unix_domain_uid, unix_domain_gid;   /* -1: the daemon's */
		char *container_rootfs_path;
		char *container_depot_path;
		int64_t container_grace_time;             /* seconds; -1: never */
		uint64_t destroy_timeout, create_timeout; /* seconds; 0: none */
		uint64_t prepared;                        /* containers of a shape; 0: none */
		uint32_t client_return_time;              /* seconds */
		struct warden_rlimit container_rlimits[WARDEN_RLIMITS]; /* the configured ones, else
									   the defaults */
		uint64_t job_output_limit;                              /* bytes */
		bool disk_quota_enabled;
		bool allow_nested_warden;
		bool user_namespace;
		bool no_new_privs;    /* of containers whose Create does not say */
		uint32_t frame_limit; /* bytes */
		char *pidfile;        /* NULL: none */
		char *syslog_socket;  /* NULL: the system's */
	} server;

	struct {
		char **users, **groups, **read_only_users, **read_only_groups; /* end in NULL */
		struct config_ids user_ids, group_ids, read_only_user_ids, read_only_group_ids;
		/* Of each user; see client_account.h. */
		uint32_t connection_limit, request_limit;
		uint64_t buffer_limit; /* bytes */
	} clients;

	struct {
		char *host;
		uint16_t port; /* 0: off */
		bool container_metrics;
		bool ui;
	} health_check_server;

	struct {
		int level;    /* enum warden_log_level; -1: off */
		char *file;   /* NULL: none */
		char *syslog; /* ident; NULL: none */
		bool audit;
		char *audit_file; /* NULL: the log's targets */
		bool trace;
	} logging;

	struct {
		struct in_addr pool_network; /* first /30; network byte order */
		uint32_t pool_size;          /* number of /30s */
		uint32_t release_delay;      /* seconds */
		uint32_t mtu;
		char **allow_networks; /* ends in NULL */
		bool allow_host_access;
		char **dns_servers; /* ends in NULL */
		uint32_t connection_mark_bit;
		uint32_t max_connections; /* of a container; 0: any number */
		bool own_table;
	} network;

	struct {
		uint32_t pool_start_port;
		uint32_t pool_size;
	} port;

	struct {
		uint32_t pool_start_uid;
		uint32_t pool_size;
		uint32_t range_start;
	} user;

	struct {
		char *parent_before_clone;
		char *parent_after_clone;
		char *child_before_pivot;
		char *child_after_pivot;
	} hooks;

	/* The container_klass's group: one for each of its options, in their order. */
	struct config_option *options;
	size_t n_options;

	void *document; /* the parsed file, until config_forget_lines */
};

/* Reads `file` (NULL: the defaults alone) and checks all groups but the container_klass's, without
 * access to the rest of the machine. NULL and `err` ("FILE:LINE: reason and allowed values") on
 * failure. The caller frees the result by config_free. */
struct config *config_load(const char *file, struct warden_error *err);

/* Checks and stores the group of the container_klass, then checks the pools against the host and
 * the paths in the file system: rootfs if the container_klass needs one, depot, directories of
 * files that the daemon writes, hooks. Changes nothing on the machine. Returns 0, or -1 and
 * `err`. */
int config_check_backend(struct config *config,
			 const struct warden_container_klass *container_klass,
			 struct warden_error *err);

/* Completes a text of the backend in `err`, which begins with `NAME.KEY` if it is about an option:
 * adds file and line of that option, else of server.container_klass. Returns -1. */
int config_fail_backend(const struct config *config,
			const struct warden_container_klass *container_klass,
			struct warden_error *err);

/* The part of config_check_backend that a clean needs: the group of the container_klass, and the
 * depot. A host on which the daemon would not start can be cleaned all the same. */
int config_check_clean(struct config *config, const struct warden_container_klass *container_klass,
		       struct warden_error *err);

/* Makes the depot (mode 0700) and the socket's directory, with their parents, if they do not exist.
 * Returns 0, or -1 and `err`. */
int config_make_directories(const struct config *config, struct warden_error *err);

/* Sets `err` to the location and the text, and returns -1. The location is `FILE:LINE: ` of the key
 * ("server.pidfile"), or `FILE: ` if the file does not contain it. */
int config_fail(const struct config *config, const char *key, struct warden_error *err,
		const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Keys that differ. */
struct config_changes {
	unsigned taken;   /* in force from now on */
	unsigned refused; /* need a restart */
};

/* Whether network.allow_networks differs. */
bool config_networks_differ(const struct config *config, const struct config *fresh);

/* Takes over from `fresh`, of the same backend, what may change while the daemon runs; logs each
 * key that differs, with both values. `backend_reloads`: the backend has taken over the fresh
 * network.allow_networks. `fresh` is to be freed, and may have got old values. */
void config_take_changes(struct config *config, struct config *fresh, bool backend_reloads,
			 struct config_changes *changes);

/* Frees the parsed file: later errors name the file without the line. */
void config_forget_lines(struct config *config);

void config_free(struct config *config);

#endif
