/* SPDX-License-Identifier: Apache-2.0 */
/* See image_defaults.h. */
#include <config.h>

#include "core/container/image_defaults.h"

#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "core/container/client_rights.h"
#include "core/server.h"
#include "lib/cleanup.h"
#include "lib/environment.h"
#include "lib/text.h"

enum {
	FILE_MAX = 262144,
	TEXT_MAX_BYTES = 4096,
	ENV_MAX = 1024,
	ENV_BYTES_MAX = 65536, /* in total */
};

/* "DIR.json" without the slashes at the end of DIR. malloc'd. */
static char *image_defaults_path(const char *directory)
{
	size_t length = strlen(directory);
	char *path;

	while (length > 1 && directory[length - 1] == '/')
		length--;
	return asprintf(&path, "%.*s.json", (int)length, directory) < 0 ? NULL : path;
}

/* Non-blocking, since the file may be a FIFO. */
static int image_defaults_open_as(const struct container *c, const char *path, bool as_client)
{
	const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd;

	if (!as_client)
		return open(path, flags);
	if (client_rights_take(c->client_uid, c->client_gid) < 0)
		return -1;
	fd = open(path, flags);
	client_rights_drop();
	return fd;
}

/* Reads a regular file of at most FILE_MAX bytes. */
static int image_defaults_read_text(int fd, const char *path, char *text, size_t *length,
				    struct warden_error *err)
{
	struct stat status;
	ssize_t got = 1;

	if (fstat(fd, &status) < 0)
		return warden_error_errno(err, "stat %s", path);
	while (S_ISREG(status.st_mode) && got > 0 && *length <= FILE_MAX) {
		got = read(fd, text + *length, FILE_MAX + 1 - *length);
		*length += got > 0 ? (size_t)got : 0;
	}
	if (got < 0)
		return warden_error_errno(err, "read %s", path);
	if (!S_ISREG(status.st_mode) || *length > FILE_MAX)
		return warden_error_set(err, "%s must be a regular file of at most %d bytes", path,
					FILE_MAX);
	return 0;
}

static int image_defaults_read_json(int fd, const char *path, json_t **json,
				    struct warden_error *err)
{
	char *text = malloc(FILE_MAX + 1);
	json_error_t where;
	size_t length = 0;

	if (!text)
		return warden_error_set(err, "no memory for %s", path);
	if (image_defaults_read_text(fd, path, text, &length, err) < 0) {
		free(text);
		return -1;
	}
	*json = json_loadb(text, length, JSON_REJECT_DUPLICATES, &where);
	free(text);
	if (!*json)
		return warden_error_set(err, "%s:%d: %s", path, where.line, where.text);
	if (json_is_object(*json))
		return 0;
	json_decref(*json);
	return warden_error_set(err, "%s must hold an object", path);
}

/* `*text` stays NULL if the key is absent or empty, as images have it. */
static int image_defaults_take_text(const json_t *json, const char *path, const char *key,
				    char **text, struct warden_error *err)
{
	const json_t *value = json_object_get(json, key);
	size_t length = json_string_length(value);

	if (!value || json_is_null(value) || (json_is_string(value) && length == 0))
		return 0;
	if (!json_is_string(value) || length > TEXT_MAX_BYTES ||
	    text_has_control(json_string_value(value), length))
		return warden_error_set(err, "%s: %s must be a text in one line", path, key);
	*text = strdup(json_string_value(value));
	return *text ? 0 : warden_error_set(err, "no memory for %s", path);
}

static int image_defaults_take_env(struct create_options *options, const json_t *json,
				   const char *path, struct warden_error *err)
{
	const json_t *array = json_object_get(json, "env");
	size_t n = json_array_size(array), bytes = 0;
	char field[PATH_MAX + 16];

	if (!array || json_is_null(array))
		return 0;
	if (!json_is_array(array))
		return warden_error_set(err, "%s: env must be an array", path);
	if (n > ENV_MAX)
		return warden_error_set(err, "%s: %zu env, at most %d are allowed", path, n,
					ENV_MAX);
	options->image.env = calloc(n + 1, sizeof(*options->image.env));
	if (!options->image.env)
		return warden_error_set(err, "no memory for %s", path);
	snprintf(field, sizeof(field), "%s: env", path);
	for (size_t i = 0; i < n; i++) {
		const char *text = json_string_value(json_array_get(array, i));

		options->image.env[i] = text ? strdup(text) : NULL;
		if (!options->image.env[i])
			return warden_error_set(err, "%s must hold texts", field);
		if (environment_check(options->image.env, i, field, err) < 0)
			return -1;
		options->image.n_env++;
		bytes += strlen(text) + 1;
	}
	if (bytes > ENV_BYTES_MAX)
		return warden_error_set(err, "%s: %zu bytes in all, at most %d are allowed", field,
					bytes, ENV_BYTES_MAX);
	return 0;
}

static int image_defaults_take_fields(struct create_options *options, const json_t *json,
				      const char *path, struct warden_error *err)
{
	if (image_defaults_take_env(options, json, path, err) < 0 ||
	    image_defaults_take_text(json, path, "working_dir", &options->image.working_dir, err) <
		    0 ||
	    image_defaults_take_text(json, path, "user", &options->image.user, err) < 0)
		return -1;
	if (options->image.working_dir && *options->image.working_dir != '/')
		return warden_error_set(err,
					"%s: working_dir must be an absolute path, not '%.100s'",
					path, options->image.working_dir);
	return 0;
}

/* Files that warden-rootfs found to belong to ids that containers do not have. */
static void image_defaults_name_owners(const struct container *c, const json_t *json,
				       const char *path)
{
	static struct log_limit limit; /* of all containers: many may have one root file system */
	const json_t *owners = json_object_get(json, "unmapped_owners");
	json_int_t files = json_integer_value(json_object_get(owners, "files"));
	const char *first = json_string_value(json_object_get(owners, "first"));

	if (files > 0)
		log_write_limited(&limit, c->id, WARDEN_LOG_WARN,
				  "%s: %" JSON_INTEGER_FORMAT
				  " files have owners above 65535, so inside they are nobody's; "
				  "change their owners%s%.512s",
				  path, files, first ? ". The first is " : "", first ? first : "");
}

/* 1: there is no such file. */
static int image_defaults_read_file(struct container *c, const char *directory,
				    struct warden_error *err)
{
	_cleanup_free_ char *path = image_defaults_path(directory);
	const char *configured = c->server->settings.rootfs_path;
	_cleanup_close_ int fd = -1;
	json_t *json = NULL;
	int result;

	if (!path)
		return warden_error_set(err, "no memory for a path");
	fd = image_defaults_open_as(c, path, !configured || strcmp(directory, configured) != 0);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 1;
	if (fd < 0)
		return warden_error_errno(err, "open %s", path);
	if (image_defaults_read_json(fd, path, &json, err) < 0)
		return -1;
	result = image_defaults_take_fields(&c->options, json, path, err);
	if (result == 0)
		image_defaults_name_owners(c, json, path);
	json_decref(json);
	return result;
}

int image_defaults_read(struct container *c, struct warden_error *err)
{
	int result = 1;

	if (c->options.n_layers == 0)
		return c->rootfs && image_defaults_read_file(c, c->rootfs, err) < 0 ? -1 : 0;
	for (size_t i = 0; i < c->options.n_layers && result == 1; i++)
		result = image_defaults_read_file(c, c->options.layers[i], err);
	return result < 0 ? -1 : 0;
}
