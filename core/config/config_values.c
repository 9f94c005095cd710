/* SPDX-License-Identifier: Apache-2.0 */
/* Stores values of the configuration, from a setting or a default, in a member of a struct. */
#include <config.h>

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

#include "core/config/config_number.h"
#include "core/config/config_private.h"
#include "core/log.h"
#include "lib/cleanup.h"
#include "lib/text.h"

/* Describes the allowed values of a key in an error. */
static void config_value_describe_allowed(const struct config_key *key, char *out, size_t size)
{
	static const char *const units[] = {
		[WARDEN_UNIT_NONE] = "",
		[WARDEN_UNIT_BYTES] = "bytes, or \"10M\" and the like",
		[WARDEN_UNIT_SECONDS] = "seconds, or \"5m\" and the like",
		[WARDEN_UNIT_MILLISECONDS] = "milliseconds, or \"1.5s\" and the like",
	};
	const char *note = key->allowed ? key->allowed : "", *unit = units[key->unit];

	switch (key->type) {
	case KEY_BOOL:
		snprintf(out, size, "true or false");
		break;
	case KEY_INTEGER:
	case KEY_RLIMIT:
		snprintf(out, size, "an integer from %" PRId64 " to %" PRId64 "%s%s%s%s%s",
			 key->min, key->max, *unit || *note ? " (" : "", unit,
			 *unit && *note ? "; " : "", note, *unit || *note ? ")" : "");
		break;
	case KEY_MODE:
		snprintf(out, size,
			 "an octal string from \"0000\" to \"0777\", or an integer up to 511 "
			 "(0777)");
		break;
	case KEY_LEVEL:
		snprintf(out, size,
			 "one of \"off\", \"fatal\", \"error\", \"warn\", \"info\", "
			 "\"debug\", \"debug1\", \"debug2\"");
		break;
	case KEY_STRING:
		snprintf(out, size, "%s", *note ? note : "a string that is not empty");
		break;
	case KEY_PATH:
		snprintf(out, size, "a path");
		break;
	case KEY_STRINGS:
		snprintf(out, size, "an array of strings ([\"A\", \"B\"])%s%s",
			 *note ? ", each " : "", note);
		break;
	}
}

/* Describes the value of a setting in an error. */
static void config_value_describe_setting(const config_setting_t *setting, char *out, size_t size)
{
	char text[96];
	const char *string;

	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_GROUP:
		snprintf(out, size, "a group");
		break;
	case CONFIG_TYPE_ARRAY:
		snprintf(out, size, "an array");
		break;
	case CONFIG_TYPE_LIST:
		snprintf(out, size, "a list");
		break;
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		snprintf(out, size, "%lld", config_setting_get_int64(setting));
		break;
	case CONFIG_TYPE_FLOAT:
		snprintf(out, size, "%g", config_setting_get_float(setting));
		break;
	case CONFIG_TYPE_BOOL:
		snprintf(out, size, "%s", config_setting_get_bool(setting) ? "true" : "false");
		break;
	default:
		string = config_setting_get_string(setting);
		text_escape(text, sizeof(text), string ? string : "", string ? strlen(string) : 0);
		snprintf(out, size, "\"%s\"", text);
		break;
	}
}

/* Fails with `KEY must be ALLOWED, not SEEN`; `part` is the setting, or its wrong element. */
static int config_value_refuse(const struct config *config, const struct config_key *key,
			       const config_setting_t *part, struct warden_error *err)
{
	char allowed[384], seen[128];

	config_value_describe_allowed(key, allowed, sizeof(allowed));
	config_value_describe_setting(part, seen, sizeof(seen));
	return config_fail_at(config, part, err, "%s must be %s, not %s", key->path, allowed, seen);
}

/* The text of a setting. NULL: it is not a string, or not a valid value. */
static const char *config_value_get_text(const struct config_key *key,
					 const config_setting_t *setting)
{
	const char *text = config_setting_type(setting) == CONFIG_TYPE_STRING
				   ? config_setting_get_string(setting)
				   : NULL;

	if (!text || !*text || !text_is_utf8(text, strlen(text)) ||
	    text_has_control(text, strlen(text)) || (key->is_valid && !key->is_valid(text)))
		return NULL;
	return text;
}

/* Reads an integer, or a string that is a number. False if it is not one, or out of range. */
static bool config_value_get_number(const struct config_key *key, const config_setting_t *setting,
				    int64_t *number)
{
	int type = config_setting_type(setting);

	if (type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64) {
		*number = config_setting_get_int64(setting);
	} else {
		const char *text =
			type == CONFIG_TYPE_STRING ? config_setting_get_string(setting) : NULL;

		if (!text || !(key->type == KEY_MODE
				       ? config_number_octal(text, number)
				       : config_number_decimal(text, number) ||
						 config_number_with_unit(text, key->unit, number)))
			return false;
	}
	return *number >= key->min && *number <= key->max;
}

int64_t config_value_number(const config_setting_t *setting)
{
	static const struct config_key any = {
		.type = KEY_INTEGER, .min = INT64_MIN, .max = INT64_MAX};
	int64_t number = 0;

	config_value_get_number(&any, setting, &number);
	return number;
}

/* Stores a number in a member of any type. */
static void config_value_store_number(void *base, const struct config_key *key, int64_t number)
{
	char *member;

	if (key->offset == CONFIG_NOT_STORED)
		return;
	member = (char *)base + key->offset;
	if (key->type == KEY_RLIMIT)
		*(struct warden_rlimit *)member = (struct warden_rlimit){
			.value = number < 0 ? WARDEN_RLIMIT_INFINITY : (uint64_t)number};
	else if (key->size == sizeof(bool))
		*(bool *)member = number != 0;
	else if (key->size == sizeof(uint16_t))
		*(uint16_t *)member = (uint16_t)number;
	else if (key->size == sizeof(uint32_t))
		*(uint32_t *)member = (uint32_t)number;
	else
		*(int64_t *)member = number;
}

/* Stores a copy of a text; NULL: none. */
static int config_value_store_text(void *base, const struct config_key *key, const char *text,
				   struct warden_error *err)
{
	char **member;

	if (key->offset == CONFIG_NOT_STORED)
		return 0;
	member = (char **)((char *)base + key->offset);
	free(*member);
	*member = text ? strdup(text) : NULL;
	return text && !*member ? warden_error_errno(err, "read %s", key->path) : 0;
}

static void config_value_free_texts(char **texts)
{
	for (size_t i = 0; texts && texts[i]; i++)
		free(texts[i]);
	free(texts);
}

static int config_value_take_strings(const struct config *config, void *base,
				     const struct config_key *key, config_setting_t *setting,
				     struct warden_error *err)
{
	char ***member = (char ***)((char *)base + key->offset);
	int count;

	if (config_setting_type(setting) != CONFIG_TYPE_ARRAY)
		return config_value_refuse(config, key, setting, err);
	count = config_setting_length(setting);
	config_value_free_texts(*member);
	*member = calloc((size_t)count + 1, sizeof(**member));
	if (!*member)
		return warden_error_errno(err, "read %s", key->path);
	for (int i = 0; i < count; i++) {
		config_setting_t *element = config_setting_get_elem(setting, (unsigned)i);
		const char *text = config_value_get_text(key, element);

		if (!text)
			return config_value_refuse(config, key, element, err);
		(*member)[i] = strdup(text);
		if (!(*member)[i])
			return warden_error_errno(err, "read %s", key->path);
	}
	return 0;
}

/* Stores a path, relative to the file that contains the setting; trailing slashes are dropped. */
static int config_value_take_path(const struct config *config, void *base,
				  const struct config_key *key, const config_setting_t *setting,
				  struct warden_error *err)
{
	const char *text = config_value_get_text(key, setting);
	_cleanup_free_ char *path = NULL;
	size_t length;

	if (!text)
		return config_value_refuse(config, key, setting, err);
	path = config_path_from(config, setting, text);
	if (!path)
		return warden_error_errno(err, "read %s", key->path);
	length = strlen(path);
	while (length > 1 && path[length - 1] == '/')
		path[--length] = '\0';
	if (length >= PATH_MAX)
		return config_fail_at(config, setting, err, "%s must be at most %d bytes long",
				      key->path, PATH_MAX - 1);
	return config_value_store_text(base, key, path, err);
}

int config_value_take(const struct config *config, void *base, const struct config_key *key,
		      config_setting_t *setting, struct warden_error *err)
{
	const char *text;
	int64_t number;

	switch (key->type) {
	case KEY_BOOL:
		if (config_setting_type(setting) != CONFIG_TYPE_BOOL)
			break;
		config_value_store_number(base, key, config_setting_get_bool(setting));
		return 0;
	case KEY_INTEGER:
	case KEY_RLIMIT:
	case KEY_MODE:
		if (!config_value_get_number(key, setting, &number))
			break;
		config_value_store_number(base, key, number);
		return 0;
	case KEY_LEVEL:
		text = config_value_get_text(key, setting);
		if (!text || log_level_parse(text) == -2)
			break;
		config_value_store_number(base, key, log_level_parse(text));
		return 0;
	case KEY_STRING:
		text = config_value_get_text(key, setting);
		if (!text)
			break;
		return config_value_store_text(base, key, text, err);
	case KEY_PATH:
		return config_value_take_path(config, base, key, setting, err);
	case KEY_STRINGS:
		return config_value_take_strings(config, base, key, setting, err);
	}
	return config_value_refuse(config, key, setting, err);
}

int config_value_default(void *base, const struct config_key *key, struct warden_error *err)
{
	char ***texts;

	switch (key->type) {
	case KEY_STRING:
	case KEY_PATH:
		return config_value_store_text(base, key, key->text, err);
	case KEY_STRINGS:
		texts = (char ***)((char *)base + key->offset);
		*texts = calloc(1, sizeof(**texts));
		return *texts ? 0 : warden_error_errno(err, "defaults of the configuration");
	case KEY_LEVEL:
		config_value_store_number(base, key, log_level_parse(key->text));
		return 0;
	default:
		config_value_store_number(base, key, key->number);
		return 0;
	}
}

void config_value_free(void *base, const struct config_key *key)
{
	char *member;

	if (key->offset == CONFIG_NOT_STORED)
		return;
	member = (char *)base + key->offset;
	if (key->type == KEY_STRING || key->type == KEY_PATH)
		free(*(char **)member);
	else if (key->type == KEY_STRINGS)
		config_value_free_texts(*(char ***)member);
}
