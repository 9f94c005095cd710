/* SPDX-License-Identifier: Apache-2.0 */
/* Parses the configuration's text by libconfig, walks over the tree, checks every name and stores
 * the value of each key. */
#include <config.h>

#include <stdlib.h>

#include "core/config/config_private.h"
#include "lib/cleanup.h"
#include "lib/text.h"

/* Sets `err` to `FILE:LINE: `, if they are known, and the text. */
static int __attribute__((format(printf, 4, 0)))
config_parse_vfail(const struct config *config, const config_setting_t *setting,
		   struct warden_error *err, const char *format, va_list args)
{
	const struct config_document *document = config->document;
	char text[sizeof(err->message)];
	const char *file;
	unsigned line;

	vsnprintf(text, sizeof(text), format, args); /* err->message is no longer than this */
	if (!document)
		return warden_error_set(err, "%s%s%s", config->file ? config->file : "",
					config->file ? ": " : "", text);
	if (!setting)
		return warden_error_set(err, "%s: %s", config->file, text);
	config_source_locate(document->source, config_setting_source_line(setting), &file, &line);
	return warden_error_set(err, "%s:%u: %s", file, line, text);
}

int config_fail_at(const struct config *config, const config_setting_t *setting,
		   struct warden_error *err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	config_parse_vfail(config, setting, err, format, args);
	va_end(args);
	return -1;
}

int config_fail(const struct config *config, const char *key, struct warden_error *err,
		const char *format, ...)
{
	va_list args;

	va_start(args, format);
	config_parse_vfail(config, config_setting_at(config, key), err, format, args);
	va_end(args);
	return -1;
}

config_setting_t *config_setting_at(const struct config *config, const char *path)
{
	struct config_document *document = config->document;

	return document ? config_lookup(&document->tree, path) : NULL;
}

char *config_path_from(const struct config *config, const config_setting_t *setting,
		       const char *path)
{
	struct config_document *document = config->document;
	const char *file, *slash;
	unsigned line;
	char *full;

	if (*path == '/')
		return strdup(path);
	config_source_locate(document->source, config_setting_source_line(setting), &file, &line);
	slash = strrchr(file, '/'); /* absolute: all files of a source are */
	if (asprintf(&full, "%.*s/%s", (int)(slash - file), file, path) < 0)
		return NULL;
	return full;
}

/* Fails because the name is unknown; suggests a similar one. `group` is "" for the root. */
static int config_parse_refuse_name(const struct config *config, const config_setting_t *setting,
				    const char *group, struct warden_error *err)
{
	const char *name = config_setting_name(setting), *dot = *group ? "." : "";
	char names[512], like[CONFIG_NAME_SIZE], shown[256];

	text_escape(shown, sizeof(shown), name, strlen(name));
	if (config_key_names(group, name, names, sizeof(names), like))
		return config_fail_at(config, setting, err,
				      "unknown key %s%s%s: did you mean %s%s%s?", group, dot, shown,
				      group, dot, like);
	return config_fail_at(config, setting, err, "unknown key %s%s%s: %s %s", group, dot, shown,
			      *group ? "the group's keys are" : "the groups are", names);
}

/* Whether a group at the root may be a backend's: any name that is not similar to that of one of
 * the daemon's groups. */
static bool config_parse_may_be_backend(const struct config *config,
					const config_setting_t *setting)
{
	const char *name = config_setting_name(setting);
	char names[512], like[CONFIG_NAME_SIZE];

	if (config_setting_type(setting) != CONFIG_TYPE_GROUP)
		return false;
	return strcmp(name, config->server.container_klass) == 0 ||
	       !config_key_names("", name, names, sizeof(names), like);
}

static int config_parse_walk_group(struct config *config, config_setting_t *group, const char *path,
				   struct warden_error *err);

static int config_parse_walk_member(struct config *config, config_setting_t *setting,
				    const char *group, struct warden_error *err)
{
	const struct config_key *key;
	char path[512];

	/* A truncated path is not the path of any key. */
	snprintf(path, sizeof(path), "%s%s%s", group, *group ? "." : "",
		 config_setting_name(setting));
	key = config_key_find(path);
	if (key)
		return config_value_take(config, config, key, setting, err);
	if (!config_key_is_group(path))
		return !*group && config_parse_may_be_backend(config, setting)
			       ? 0
			       : config_parse_refuse_name(config, setting, group, err);
	if (config_setting_type(setting) != CONFIG_TYPE_GROUP)
		return config_fail_at(config, setting, err, "%s must be a group ({ ... })", path);
	return config_parse_walk_group(config, setting, path, err);
}

static int config_parse_walk_group(struct config *config, config_setting_t *group, const char *path,
				   struct warden_error *err)
{
	int count = config_setting_length(group);

	for (int i = 0; i < count; i++)
		if (config_parse_walk_member(config, config_setting_get_elem(group, (unsigned)i),
					     path, err) < 0)
			return -1;
	return 0;
}

int config_parse(struct config *config, struct warden_error *err)
{
	struct config_document *document = calloc(1, sizeof(*document));
	const char *file;
	unsigned line;

	if (!document)
		return warden_error_errno(err, "read %s", config->file);
	config_init(&document->tree);
	config->document = document;
	document->source = config_source_read(config->file, err);
	if (!document->source) {
		config_yaml_explain(config->file, err);
		return -1;
	}
	if (!config_read_string(&document->tree, config_source_text(document->source))) {
		config_source_locate(document->source, (unsigned)config_error_line(&document->tree),
				     &file, &line);
		warden_error_set(err, "%s:%u: %s", file, line, config_error_text(&document->tree));
		config_yaml_explain(config->file, err);
		return -1;
	}
	return config_parse_walk_group(config, config_root_setting(&document->tree), "", err);
}
