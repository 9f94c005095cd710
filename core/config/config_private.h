/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the configuration share with each other and their tests, and nobody else. */
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

/* What a key may hold, and how its value is stored. */
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
	size_t offset, size; /* of the member; offset CONFIG_NOT_STORED: checked alone */
	int64_t min, max;
	int64_t number;                 /* default of an integer, bool, mode or rlimit */
	const char *text;               /* default of a string, path or level */
	bool (*is_valid)(const char *); /* of a string, or of each of an array; NULL: any */
	const char *allowed;            /* what that lets pass, for people */
};

/* All keys but those of the container_klass's group. */
extern const struct config_key config_keys[];
extern const size_t config_n_keys;

/* The key with this path, or NULL. */
const struct config_key *config_key_find(const char *path);

/* Whether keys lie below this path. */
bool config_key_is_group(const char *path);

#define CONFIG_NAME_SIZE 64

/* Writes the names that may stand in a group (path, or "" for the root), separated by ", ", and the
 * one that `name` was probably meant to be; false: it is like none. */
bool config_key_names(const char *group, const char *name, char *names, size_t size,
		      char like[CONFIG_NAME_SIZE]);

/* As config_fail, at a setting. */
int config_fail_at(const struct config *config, const config_setting_t *setting,
		   struct warden_error *err, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* The setting at a path, or NULL: not in the file. */
config_setting_t *config_setting_at(const struct config *config, const char *path);

/* The number of a setting that was checked to be one (an integer, or a string). */
int64_t config_value_number(const config_setting_t *setting);

/* The path absolute, from malloc: relative to the directory of the file in which the setting
 * stands. NULL: no memory. */
char *config_path_from(const struct config *config, const config_setting_t *setting,
		       const char *path);

/* Stores a key's default, or what a setting holds, in the struct at `base`. */
int config_value_default(void *base, const struct config_key *key, struct warden_error *err);
int config_value_take(const struct config *config, void *base, const struct config_key *key,
		      config_setting_t *setting, struct warden_error *err);
void config_value_free(void *base, const struct config_key *key);

/* Walks the file: every setting to its key. Groups that may be a backend's are left alone. */
int config_parse(struct config *config, struct warden_error *err);

/* What depends on several values or on their meaning, without a look at the machine: names of the
 * original's for the container_klass, paths within a list, lengths, sums. */
int config_finish_values(struct config *config, struct warden_error *err);

/* The network pool, from whichever of its two forms is there. */
int config_take_networks(struct config *config, struct warden_error *err);

/* Ports and uids against the host; the files are the host's, or a test's. */
int config_check_ports(struct config *config, const char *range_file, struct warden_error *err);
int config_check_users(const struct config *config, const char *passwd_file,
		       struct warden_error *err);

/* The container_klass's own group, and that there is no group that is nobody's. */
int config_take_options(struct config *config, const struct warden_container_klass *container_klass,
			struct warden_error *err);

/* What the paths name. */
int config_check_files(const struct config *config,
		       const struct warden_container_klass *container_klass,
		       struct warden_error *err);

#endif
