/* SPDX-License-Identifier: Apache-2.0 */
/* The backend's group, whose keys the container_klass declares. A group with the name of another
 * installed backend is ignored, so that one file can hold the settings of several. */
#include <config.h>

#include <stdlib.h>
#include <unistd.h>

#include "core/config/config_private.h"
#include "lib/cleanup.h"
#include "lib/text.h"

#define OPTION_MEMBER(member)                                                                      \
	.offset = offsetof(struct config_option, member),                                          \
	.size = sizeof(((struct config_option *)0)->member)

struct config_key config_backend_make_key(const struct warden_option *option, const char *path)
{
	switch (option->type) {
	case WARDEN_OPTION_BOOL:
		return (struct config_key){.path = path,
					   .type = KEY_BOOL,
					   OPTION_MEMBER(number),
					   .number = option->number};
	case WARDEN_OPTION_INTEGER:
		return (struct config_key){.path = path,
					   .type = KEY_INTEGER,
					   OPTION_MEMBER(number),
					   .min = option->min,
					   .max = option->max,
					   .unit = option->unit <= WARDEN_UNIT_MILLISECONDS
							   ? option->unit
							   : WARDEN_UNIT_NONE,
					   .number = option->number};
	case WARDEN_OPTION_STRING:
		return (struct config_key){.path = path,
					   .type = KEY_STRING,
					   OPTION_MEMBER(text),
					   .text = option->text};
	default: /* backend_load refuses other types */
		return (struct config_key){.path = path, .type = KEY_STRINGS, OPTION_MEMBER(texts)};
	}
}

/* Fails because the container_klass does not declare this key; suggests a similar one. */
static int config_backend_refuse_option(const struct config *config,
					const struct warden_container_klass *container_klass,
					const config_setting_t *setting, struct warden_error *err)
{
	const char *name = config_setting_name(setting), *like = NULL;
	size_t nearest = 3, at = 0;
	char names[512] = "none", shown[256];

	text_escape(shown, sizeof(shown), name, strlen(name));
	for (size_t i = 0; i < config->n_options; i++) {
		const char *known = container_klass->options[i].name;
		size_t distance = text_distance(name, known);

		if (at < sizeof(names))
			at += (size_t)snprintf(names + at, sizeof(names) - at, "%s%s",
					       i ? ", " : "", known);
		if (distance < nearest && distance < strlen(name)) {
			nearest = distance;
			like = known;
		}
	}
	if (like)
		return config_fail_at(config, setting, err,
				      "unknown key %s.%s: did you mean %s.%s?",
				      container_klass->name, shown, container_klass->name, like);
	return config_fail_at(config, setting, err, "unknown key %s.%s: the group's keys are %s",
			      container_klass->name, shown, names);
}

/* Checks that every member of the group is an option. */
static int config_backend_check_names(const struct config *config,
				      const struct warden_container_klass *container_klass,
				      const config_setting_t *group, struct warden_error *err)
{
	int count = config_setting_length(group);

	for (int i = 0; i < count; i++) {
		config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
		const char *name = config_setting_name(setting);
		size_t j = 0;

		while (j < config->n_options && strcmp(container_klass->options[j].name, name) != 0)
			j++;
		if (j == config->n_options)
			return config_backend_refuse_option(config, container_klass, setting, err);
	}
	return 0;
}

/* Whether `word` is in `words`, which are separated by spaces. */
static bool config_backend_is_listed(const char *words, const char *word)
{
	size_t length = strlen(word);

	while (*words) {
		size_t span = strcspn(words, " ");

		if (span == length && memcmp(words, word, length) == 0)
			return true;
		words += span + strspn(words + span, " ");
	}
	return false;
}

/* Checks the elements of an array against the option's words, if it has some. */
static int config_backend_check_words(const struct config *config, const char *path,
				      const config_setting_t *setting,
				      const struct config_option *taken, struct warden_error *err)
{
	const char *words = taken->option->text;
	char shown[256];

	if (taken->option->type != WARDEN_OPTION_STRINGS || !words)
		return 0;
	for (unsigned i = 0; taken->texts[i]; i++) {
		const char *text = taken->texts[i];

		if (config_backend_is_listed(words, text))
			continue;
		text_escape(shown, sizeof(shown), text, strlen(text));
		return config_fail_at(config, config_setting_get_elem(setting, i), err,
				      "%s must contain only the words %s, not \"%s\"", path, words,
				      shown);
	}
	return 0;
}

/* Before any option is read: a backend may ask for each, even if one cannot be read. */
static int config_backend_set_defaults(struct config *config, struct warden_error *err)
{
	for (size_t i = 0; i < config->n_options; i++) {
		struct config_option *option = &config->options[i];
		const struct config_key key =
			config_backend_make_key(option->option, option->option->name);

		if (config_value_default(option, &key, err) < 0)
			return -1;
	}
	return 0;
}

/* Stores one option from the group, if it is there. */
static int config_backend_take_option(const struct config *config, const char *name,
				      config_setting_t *group, struct config_option *into,
				      struct warden_error *err)
{
	_cleanup_free_ char *path = NULL;
	config_setting_t *setting;
	struct config_key key;

	if (asprintf(&path, "%s.%s", name, into->option->name) < 0) {
		path = NULL;
		return warden_error_errno(err, "read the group %s", name);
	}
	key = config_backend_make_key(into->option, path);
	setting = config_setting_get_member(group, into->option->name);
	if (!setting)
		return 0;
	if (config_value_take(config, into, &key, setting, err) < 0)
		return -1;
	return config_backend_check_words(config, path, setting, into, err);
}

/* Whether the backend path contains a module of this name. */
static bool config_backend_is_installed(const struct config *config, const char *name)
{
	const char *at = config->server.backend_path;

	while (*at) {
		size_t length = strcspn(at, ":");
		_cleanup_free_ char *file = NULL;

		if (asprintf(&file, "%.*s/%s.so", (int)length, at, name) < 0)
			file = NULL;
		else if (access(file, F_OK) == 0)
			return true;
		at += length + (at[length] == ':');
	}
	return false;
}

/* Refuses a group at the root that is neither the daemon's nor an installed backend's. */
static int config_backend_check_groups(const struct config *config,
				       const struct warden_container_klass *container_klass,
				       struct warden_error *err)
{
	struct config_document *document = config->document;
	config_setting_t *root = config_root_setting(&document->tree);
	char names[512], like[CONFIG_NAME_SIZE], shown[256];
	int count = config_setting_length(root);

	for (int i = 0; i < count; i++) {
		config_setting_t *group = config_setting_get_elem(root, (unsigned)i);
		const char *name = config_setting_name(group);

		if (config_key_is_group(name) || strcmp(name, container_klass->name) == 0 ||
		    config_backend_is_installed(config, name))
			continue;
		config_key_names("", name, names, sizeof(names), like);
		text_escape(shown, sizeof(shown), name, strlen(name));
		return config_fail_at(config, group, err,
				      "unknown group %s: the groups are %s, and %s for the backend",
				      shown, names, container_klass->name);
	}
	return 0;
}

int config_fail_backend(const struct config *config,
			const struct warden_container_klass *container_klass,
			struct warden_error *err)
{
	static const char key[] = "server.container_klass";
	const struct warden_error reason = *err;
	size_t length = strlen(container_klass->name);
	char path[128];

	if (strncmp(reason.message, container_klass->name, length) != 0 ||
	    reason.message[length] != '.')
		return config_fail(config, key, err, "%s = \"%s\": %.768s", key,
				   container_klass->name, reason.message);
	snprintf(path, sizeof(path), "%s.%.*s", container_klass->name,
		 (int)strcspn(reason.message + length + 1, ": ="), reason.message + length + 1);
	return config_fail(config, path, err, "%s", reason.message);
}

int config_take_options(struct config *config, const struct warden_container_klass *container_klass,
			struct warden_error *err)
{
	config_setting_t *group = config_setting_at(config, container_klass->name);
	size_t count = 0;

	while (container_klass->options && container_klass->options[count].name)
		count++;
	config->options = calloc(count ? count : 1, sizeof(*config->options));
	if (!config->options)
		return warden_error_errno(err, "read the group %s", container_klass->name);
	config->n_options = count;
	for (size_t i = 0; i < count; i++)
		config->options[i].option = &container_klass->options[i];
	if (config_backend_set_defaults(config, err) < 0)
		return -1;
	if (group && config_setting_type(group) != CONFIG_TYPE_GROUP)
		return config_fail_at(config, group, err, "%s must be a group ({ ... })",
				      container_klass->name);
	if (group && config_backend_check_names(config, container_klass, group, err) < 0)
		return -1;
	for (size_t i = 0; group && i < count; i++)
		if (config_backend_take_option(config, container_klass->name, group,
					       &config->options[i], err) < 0)
			return -1;
	return config->document ? config_backend_check_groups(config, container_klass, err) : 0;
}
