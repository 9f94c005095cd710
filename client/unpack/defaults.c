/* SPDX-License-Identifier: Apache-2.0 */
/* What an image says of the processes that run in it becomes
 * {"env": ["NAME=VALUE"...], "working_dir": "...", "user": "..."}; a text is empty where it says
 * nothing. */
#include <config.h>

#include "client/unpack/image.h"

#include <string.h>

#include "core/util.h"

/* A text of the image's configuration, or an empty one. NULL where it is something else. */
static const char *text_or_empty(const json_t *config, const char *key, struct warden_error *err)
{
	const json_t *value = json_object_get(config, key);

	if (!value || json_is_null(value))
		return "";
	if (!json_is_string(value))
		warden_error_set(err, "the configuration's %s is no text", key);
	return json_string_value(value);
}

static int check_variable(const json_t *variable, struct warden_error *err)
{
	const char *text = json_string_value(variable);

	if (!text)
		return warden_error_set(err, "the configuration's Env holds what is no text");
	if (*text == '=' || !strchr(text, '='))
		return warden_error_set(err,
					"the configuration's Env holds '%s', which is not "
					"NAME=VALUE",
					text);
	return 0;
}

/* From json_array. */
static json_t *read_environment(const json_t *config, struct warden_error *err)
{
	const json_t *source = json_object_get(config, "Env"), *variable;
	json_t *env = json_array();
	size_t i;

	if (source && !json_is_null(source) && !json_is_array(source)) {
		warden_error_set(err, "the configuration's Env is no list");
		json_decref(env);
		return NULL;
	}
	json_array_foreach(source, i, variable) {
		if (check_variable(variable, err) < 0) {
			json_decref(env);
			return NULL;
		}
		json_array_append_new(
			env, json_deep_copy(variable)); /* NULL is seen when all are counted */
	}
	if (!env || json_array_size(env) != json_array_size(source)) {
		warden_error_set(err, "no memory for the environment");
		json_decref(env);
		return NULL;
	}
	return env;
}

static int write_json(const json_t *json, const char *path, struct warden_error *err)
{
	FILE *file = fopen(path, "wxe");
	bool bad;

	if (!file)
		return warden_error_errno(err, "make %s", path);
	bad = json_dumpf(json, file, JSON_INDENT(2)) < 0 || fputc('\n', file) == EOF;
	if (fclose(file) != 0 || bad)
		return warden_error_errno(err, "write %s", path);
	return 0;
}

int defaults_write(const json_t *config, const char *path, struct warden_error *err)
{
	const json_t *of_jobs = json_object_get(config, "config");
	const char *directory = text_or_empty(of_jobs, "WorkingDir", err);
	const char *user = directory ? text_or_empty(of_jobs, "User", err) : NULL;
	json_t *env = user ? read_environment(of_jobs, err) : NULL, *defaults;
	int result;

	if (!env)
		return -1;
	defaults = json_pack("{s:o, s:s, s:s}", "env", env, "working_dir", directory, "user", user);
	if (!defaults)
		return warden_error_set(err, "no memory for the defaults");
	result = write_json(defaults, path, err);
	json_decref(defaults);
	return result;
}
