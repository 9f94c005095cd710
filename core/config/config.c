/* SPDX-License-Identifier: Apache-2.0 */
/* Loads the daemon's configuration: the order of the steps, and the checks that depend on the
 * meaning of a value. config_keys.c declares the keys, config_source.c reads the files,
 * config_parse.c walks over the settings. */
#include <config.h>

#include "core/config/config.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/config/config_private.h"
#include "lib/cleanup.h"

#define LAST_POOL_UID 65535

/* The original's class names and their backends. */
static const struct {
	const char *original, *name;
} backend_names[] = {
	{"Warden::Container::Linux", "linux"},
	{"Warden::Container::Insecure", "fake"},
};

/* Makes a path absolute, from malloc; NULL on failure. */
static char *config_absolute_path(const char *path)
{
	_cleanup_free_ char *directory = NULL;
	char *full;

	if (*path == '/')
		return strdup(path);
	directory = getcwd(NULL, 0);
	if (!directory || asprintf(&full, "%s/%s", directory, path) < 0)
		return NULL;
	return full;
}

static int config_set_defaults(struct config *config, struct warden_error *err)
{
	for (size_t i = 0; i < config_n_keys; i++)
		if (config_keys[i].offset != CONFIG_NOT_STORED &&
		    config_value_default(config, &config_keys[i], err) < 0)
			return -1;
	return 0;
}

/* Completes server.container_klass: replaces the original's class names by ours, makes a path
 * absolute, checks that anything else can be the name of a module. */
static int config_finish_backend(struct config *config, struct warden_error *err)
{
	static const char key[] = "server.container_klass";
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_-";
	char *container_klass = config->server.container_klass;
	config_setting_t *setting = config_setting_at(config, key);
	char *finished = NULL;

	assert(container_klass); /* the key has a default */
	for (size_t i = 0; i < ARRAY_SIZE(backend_names) && !finished; i++) {
		if (strcmp(container_klass, backend_names[i].original) != 0)
			continue;
		finished = strdup(backend_names[i].name);
		if (!finished)
			return warden_error_errno(err, "read %s", key);
	}
	if (!finished && strchr(container_klass, '/') && setting)
		finished = config_path_from(config, setting, container_klass);
	else if (!finished && strspn(container_klass, letters) == strlen(container_klass))
		finished = strdup(container_klass);
	else if (!finished)
		return config_fail(config, key, err,
				   "%s must be a backend's name (letters, digits, _ and -), the "
				   "path of a module, Warden::Container::Linux or "
				   "Warden::Container::Insecure, not \"%s\"",
				   key, container_klass);
	if (!finished)
		return warden_error_errno(err, "read %s", key);
	free(container_klass);
	config->server.container_klass = finished;
	return 0;
}

/* Makes every directory of the list absolute. */
static int config_finish_backend_path(struct config *config, struct warden_error *err)
{
	static const char key[] = "server.backend_path";
	config_setting_t *setting = config_setting_at(config, key);
	_cleanup_free_ char *finished = strdup("");

	for (const char *at = config->server.backend_path; setting && finished;) {
		size_t length = strcspn(at, ":");
		_cleanup_free_ char *part = strndup(at, length), *full = NULL;
		char *joined;

		if (length == 0)
			return config_fail_at(
				config, setting, err,
				"%s must be a list of directories, separated by colons", key);
		full = part ? config_path_from(config, setting, part) : NULL;
		if (!full || asprintf(&joined, "%s%s%s", finished, *finished ? ":" : "", full) < 0)
			joined = NULL;
		free(finished);
		finished = joined;
		if (at[length] == '\0')
			break;
		at += length + 1;
	}
	if (!finished)
		return warden_error_errno(err, "read %s", key);
	if (*finished) {
		free(config->server.backend_path);
		config->server.backend_path = take_pointer(finished);
	}
	return 0;
}

/* Checks that the path fits into a socket's address. */
static int config_check_socket_length(const struct config *config, const char *key,
				      const char *path, struct warden_error *err)
{
	size_t most = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;

	if (!path || strlen(path) <= most)
		return 0;
	return config_fail(config, key, err,
			   "%s must be at most %zu bytes long as an absolute path, not %zu: %s",
			   key, most, strlen(path), path);
}

int config_finish_values(struct config *config, struct warden_error *err)
{
	uint32_t uid_end = config->user.pool_start_uid + config->user.pool_size;

	if (config_finish_backend(config, err) < 0 || config_finish_backend_path(config, err) < 0 ||
	    config_check_socket_length(config, "server.unix_domain_path",
				       config->server.unix_domain_path, err) < 0 ||
	    config_check_socket_length(config, "server.syslog_socket", config->server.syslog_socket,
				       err) < 0)
		return -1;
	if (uid_end > LAST_POOL_UID + 1)
		return config_fail(config, "user.pool_size", err,
				   "the last uid of user.pool_start_uid and user.pool_size must be "
				   "at most %d, not %u",
				   LAST_POOL_UID, uid_end - 1);
	return config_take_networks(config, err);
}

static void config_free_document(struct config_document *document)
{
	if (!document)
		return;
	config_destroy(&document->tree);
	config_source_free(document->source);
	free(document);
}

struct config *config_load(const char *file, struct warden_error *err)
{
	struct config *config = calloc(1, sizeof(*config));

	if (!config) {
		warden_error_errno(err, "read the configuration");
		return NULL;
	}
	if (file) {
		config->file = config_absolute_path(file);
		if (!config->file) {
			warden_error_errno(err, "find %s", file);
			config_free(config);
			return NULL;
		}
	}
	if (config_set_defaults(config, err) < 0 || (file && config_parse(config, err) < 0) ||
	    config_finish_values(config, err) < 0) {
		config_free(config);
		return NULL;
	}
	return config;
}

int config_check_backend(struct config *config,
			 const struct warden_container_klass *container_klass,
			 struct warden_error *err)
{
	if (config_take_options(config, container_klass, err) < 0 ||
	    config_check_ports(config, "/proc/sys/net/ipv4/ip_local_port_range", err) < 0 ||
	    config_check_users(config, "/etc/passwd", err) < 0 ||
	    config_take_access(config, err) < 0 ||
	    config_check_subids(config, "/etc/subuid", err) < 0 ||
	    config_check_subids(config, "/etc/subgid", err) < 0 ||
	    config_check_files(config, container_klass, err) < 0)
		return -1;
	return 0;
}

int config_check_clean(struct config *config, const struct warden_container_klass *container_klass,
		       struct warden_error *err)
{
	return config_take_options(config, container_klass, err) < 0 ||
			       config_files_check_depot(config, err) < 0
		       ? -1
		       : 0;
}

void config_forget_lines(struct config *config)
{
	config_free_document(config->document);
	config->document = NULL;
}

void config_free(struct config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config_n_keys; i++)
		config_value_free(config, &config_keys[i]);
	for (size_t i = 0; i < config->n_options; i++) {
		struct config_option *option = &config->options[i];

		free(option->text);
		for (size_t j = 0; option->texts && option->texts[j]; j++)
			free(option->texts[j]);
		free(option->texts);
	}
	free(config->options);
	config_free_access(config);
	config_free_document(config->document);
	free(config->file);
	free(config);
}
