/* SPDX-License-Identifier: Apache-2.0 */
/* Internal interface of the configuration's files, also used by their tests. */
#ifndef CORE_CONFIG_CONFIG_PRIVATE_H
#define CORE_CONFIG_CONFIG_PRIVATE_H

#include <libconfig.h>

#include "core/config/config.h"
#include "core/config/config_source.h"

/* The parsed file. */
struct config_document {
	config_t tree;
	struct config_source *source;
};

/* The type of a key's value and of the member that stores it. */
enum config_type {
	KEY_BOOL,    /* bool, or int64_t */
	KEY_INTEGER, /* any integer type; also written as a string */
	KEY_RLIMIT,  /* struct warden_rlimit; -1 is unlimited */
	KEY_MODE,    /* mode_t; octal string, or integer */
	KEY_LEVEL,   /* int: enum warden_log_level, -1 for off */
	KEY_STRING,  /* char * */
	KEY_PATH,    /* char *, made absolute */
	KEY_STRINGS, /* char **, ends in NULL */
};

#define CONFIG_NOT_STORED SIZE_MAX

/* A key: one line of warden.conf(5). */
struct config_key {
	const char *path; /* "server.pidfile" */
	enum config_type type;
	size_t offset,
		size;    /* of the member; offset CONFIG_NOT_STORED: the value is only checked */
	bool reloads;    /* it may change while the daemon runs; not for single strings */
	bool by_backend; /* it reloads only if the backend takes it over */
	int64_t min, max;
	enum warden_option_unit unit;
	int64_t number;   /* default of an integer, bool, mode or rlimit */
	const char *text; /* default of a string, path or level */
	bool (*is_valid)(
		const char *); /* checks a string, or each string of an array; NULL: any is valid */
	const char *allowed;   /* human-readable description of the valid values */
};

/* All keys except those of the container_klass's group. */
extern const struct config_key config_keys[];
extern const size_t config_n_keys;

/* The key with this path, or NULL. */
const struct config_key *config_key_find(const char *path);

/* Whether the path is that of a group: keys are below it. */
bool config_key_is_group(const char *path);

#define CONFIG_NAME_SIZE 64

/* Writes the names that a group (path, or "" for the root) may contain to `names`, separated by ",
 * ", and the one most similar to `name` to `like`. False if none is similar. */
bool config_key_names(const char *group, const char *name, char *names, size_t size,
		      char like[CONFIG_NAME_SIZE]);

/* As config_fail, with the location of a setting (NULL: the file alone). */
int config_fail_at(const struct config *config, const config_setting_t *setting,
		   struct warden_error *err, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* The setting at a path, or NULL if the file does not contain it. */
config_setting_t *config_setting_at(const struct config *config, const char *path);

/* The value of a setting that was checked to be a number (an integer, or a string). */
int64_t config_value_number(const config_setting_t *setting);

/* Makes a path absolute, relative to the directory of the file that contains the setting. From
 * malloc; NULL: no memory. */
char *config_path_from(const struct config *config, const config_setting_t *setting,
		       const char *path);

/* Store the default of a key, or the value of a setting, in the struct at `base`; free the stored
 * value. */
int config_value_default(void *base, const struct config_key *key, struct warden_error *err);
int config_value_take(const struct config *config, void *base, const struct config_key *key,
		      config_setting_t *setting, struct warden_error *err);
void config_value_free(void *base, const struct config_key *key);

/* Parses config->file and stores every setting. Ignores groups that may be a backend's. */
int config_parse(struct config *config, struct warden_error *err);

/* Completes and checks values that depend on each other or on their meaning, without access to the
 * machine: class names, paths in a list, lengths, sums. */
int config_finish_values(struct config *config, struct warden_error *err);

/* Stores the network pool from either of its two forms. */
int config_take_networks(struct config *config, struct warden_error *err);

/* Check ports and ids against the host; the files are the host's, or a test's. */
int config_check_ports(struct config *config, const char *range_file, struct warden_error *err);
int config_check_users(const struct config *config, const char *passwd_file,
		       struct warden_error *err);
int config_check_subids(const struct config *config, const char *file, struct warden_error *err);

/* Checks and stores the container_klass's group, and refuses unknown groups. */
int config_take_options(struct config *config, const struct warden_container_klass *container_klass,
			struct warden_error *err);

/* Makes the key of a backend's option. `path` is "GROUP.NAME". */
struct config_key config_backend_make_key(const struct warden_option *option, const char *path);

/* Finds the users and groups that the configuration names; frees what was found. */
int config_take_access(struct config *config, struct warden_error *err);
void config_free_access(struct config *config);

/* Checks the paths in the file system; config_files_check_depot the depot alone. */
int config_check_files(const struct config *config,
		       const struct warden_container_klass *container_klass,
		       struct warden_error *err);
int config_files_check_depot(const struct config *config, struct warden_error *err);

/* If the file, which cannot be read as a configuration, is YAML, says so instead. */
void config_yaml_explain(const char *path, struct warden_error *err);

#endif
