/* SPDX-License-Identifier: Apache-2.0 */
/* Writes an image's defaults for its processes as {"env": ["NAME=VALUE"...], "working_dir":
 * "...", "user": "..."}; a text is empty if the image has no default. */
#include <config.h>

#include "client/unpack/image.h"

#include <string.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/text.h"

/* The limits of wardend. */
enum { TEXT_MAX = 4096, MAX_VARIABLES = 1024, MAX_FILE = 256 * 1024 };

/* Returns a text of the image's configuration, "" if it is absent, or NULL if it is not a text
 * of one line. */
static const char *defaults_read_text(const json_t *config, const char *key,
				      struct warden_error *err)
{
	const json_t *value = json_object_get(config, key);
	const char *text = json_string_value(value);

	if (!value || json_is_null(value))
		return "";
	if (text && strlen(text) < TEXT_MAX && !text_has_control(text, strlen(text)))
		return text;
	warden_error_set(err, "the configuration's %s is no text in one line", key);
	return NULL;
}

/* Programs ignore such an entry as well, and so does docker. */
static bool defaults_is_variable(const char *text)
{
	size_t name = strcspn(text, "=");

	return name > 0 && text[name] == '=' && !text_has_control(text, name);
}

/* Returns the index of a variable of the same name, or the index behind the last one. */
static size_t defaults_find_variable(const json_t *env, const char *text)
{
	size_t length = strcspn(text, "=") + 1, i;
	const json_t *variable;

	json_array_foreach(env, i, variable) {
		if (strncmp(json_string_value(variable), text, length) == 0)
			break;
	}
	return i;
}

/* A later variable of the same name replaces the earlier one. What is no variable is ignored. */
static int defaults_add_variable(json_t *env, const char *text, defaults_warn *warn,
				 struct warden_error *err)
{
	size_t i;

	if (!text)
		return warden_error_set(err, "the configuration's Env holds what is no text");
	if (!defaults_is_variable(text)) {
		warn(text);
		return 0;
	}
	i = defaults_find_variable(env, text);
	if ((i < json_array_size(env) ? json_array_set_new(env, i, json_string(text))
				      : json_array_append_new(env, json_string(text))) < 0)
		return warden_error_set(err, "no memory for the environment");
	return 0;
}

static json_t *defaults_read_environment(const json_t *config, defaults_warn *warn,
					 struct warden_error *err)
{
	const json_t *source = json_object_get(config, "Env"), *variable;
	json_t *env = json_array();
	int result = env ? 0 : warden_error_set(err, "no memory for the environment");
	size_t i;

	if (source && !json_is_null(source) && !json_is_array(source))
		result = warden_error_set(err, "the configuration's Env is no list");
	else if (json_array_size(source) > MAX_VARIABLES)
		result = warden_error_set(err, "the configuration's Env has more than %d entries",
					  MAX_VARIABLES);
	json_array_foreach(source, i, variable) {
		if (result == 0)
			result = defaults_add_variable(env, json_string_value(variable), warn, err);
	}
	if (result == 0)
		return env;
	json_decref(env);
	return NULL;
}

static int defaults_write_text(const char *text, const char *path, struct warden_error *err)
{
	FILE *file;
	bool bad;

	if (strlen(text) >= MAX_FILE)
		return warden_error_set(err, "the configuration's Env has more than %d bytes",
					MAX_FILE);
	file = fopen(path, "wxe");
	if (!file)
		return warden_error_errno(err, "make %s", path);
	bad = fprintf(file, "%s\n", text) < 0;
	if (fclose(file) != 0 || bad)
		return warden_error_errno(err, "write %s", path);
	return 0;
}

static int defaults_write_json(const json_t *json, const char *path, struct warden_error *err)
{
	_cleanup_free_ char *text = json_dumps(json, JSON_INDENT(2));

	return text ? defaults_write_text(text, path, err)
		    : warden_error_set(err, "no memory for the defaults");
}

int defaults_write(const json_t *config, const char *path, defaults_warn *warn,
		   struct warden_error *err)
{
	const json_t *of_jobs = json_object_get(config, "config");
	const char *directory = defaults_read_text(of_jobs, "WorkingDir", err);
	const char *user = directory ? defaults_read_text(of_jobs, "User", err) : NULL;
	json_t *env = user ? defaults_read_environment(of_jobs, warn, err) : NULL, *defaults;
	int result;

	if (!env)
		return -1;
	/* A relative working directory is relative to the root. */
	defaults = json_pack("{s:o, s:s+, s:s}", "env", env, "working_dir",
			     *directory && *directory != '/' ? "/" : "", directory, "user", user);
	if (!defaults)
		return warden_error_set(err, "no memory for the defaults");
	result = defaults_write_json(defaults, path, err);
	json_decref(defaults);
	return result;
}

int defaults_add_owners(const char *path, uint64_t files, const char *first,
			struct warden_error *err)
{
	json_t *defaults = json_load_file(path, 0, NULL);
	int result;

	if (!defaults)
		defaults = json_object(); /* not of an image */
	/* A name that is not UTF-8 is left out. */
	if (json_object_set_new(defaults, "unmapped_owners",
				json_pack("{s:I, s:o?}", "files", (json_int_t)files, "first",
					  json_string(first))) < 0) {
		json_decref(defaults);
		return warden_error_set(err, "no memory for the defaults");
	}
	unlink(path); /* a failure shows below */
	result = defaults_write_json(defaults, path, err);
	json_decref(defaults);
	return result;
}
