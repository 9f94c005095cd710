/* SPDX-License-Identifier: Apache-2.0 */
/* The options of a Create in the snapshot; see create_options.h. Options that were not given are
 * absent. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "core/container/create_options.h"
#include "core/state/json_bytes.h"
#include "lib/cleanup.h"

/* One table for both directions. */
static const struct {
	const char *name;
	size_t offset;
} numbers[] = {
	{"tmpfs_bytes", offsetof(struct create_options, tmpfs_bytes)},
	{"tmpfs_inodes", offsetof(struct create_options, tmpfs_inodes)},
	{"shm_bytes", offsetof(struct create_options, shm_bytes)},
};

static const struct {
	const char *name;
	size_t offset;
} texts[] = {
	{"hostname", offsetof(struct create_options, hostname)},
	{"seccomp", offsetof(struct create_options, seccomp)},
	{"image_working_dir", offsetof(struct create_options, image.working_dir)},
	{"image_user", offsetof(struct create_options, image.user)},
};

static const struct {
	const char *name;
	size_t list, n;
} lists[] = {
	{"layers", offsetof(struct create_options, layers),
	 offsetof(struct create_options, n_layers)},
	{"env", offsetof(struct create_options, env), offsetof(struct create_options, n_env)},
	{"dns_servers", offsetof(struct create_options, dns_servers),
	 offsetof(struct create_options, n_dns_servers)},
	{"image_env", offsetof(struct create_options, image.env),
	 offsetof(struct create_options, image.n_env)},
};

#define MEMBER(type, options, offset) (*(type *)(void *)((char *)(options) + (offset)))

static json_t *create_options_json_texts(char *const *list, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < n; i++)
		if (json_array_append_new(array, json_bytes(list[i])) < 0) {
			json_decref(array);
			array = NULL;
		}
	return array;
}

/* Keys are UTF-8; see create_options.c. */
static json_t *create_options_json_properties(const struct create_options *options)
{
	json_t *object = json_object();

	for (size_t i = 0; object && i < options->n_properties; i++)
		if (json_object_set_new(object, options->properties[i].key,
					json_bytes(options->properties[i].value)) < 0) {
			json_decref(object);
			object = NULL;
		}
	return object;
}

static json_t *create_options_json_hosts(const struct create_options *options)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < options->n_hosts; i++)
		if (json_array_append_new(array,
					  json_pack("[o, o]", json_bytes(options->hosts[i].address),
						    json_bytes(options->hosts[i].names))) < 0) {
			json_decref(array);
			array = NULL;
		}
	return array;
}

/* False: no memory. */
static bool create_options_fill_json(const struct create_options *options, json_t *json)
{
	bool whole = true;

	for (size_t i = 0; whole && i < ARRAY_SIZE(numbers); i++) {
		uint64_t number = MEMBER(const uint64_t, options, numbers[i].offset);

		whole = number == 0 || json_object_set_new(json, numbers[i].name,
							   json_integer((json_int_t)number)) == 0;
	}
	for (size_t i = 0; whole && i < ARRAY_SIZE(texts); i++) {
		const char *text = MEMBER(char *const, options, texts[i].offset);

		whole = !text || json_object_set_new(json, texts[i].name, json_bytes(text)) == 0;
	}
	for (size_t i = 0; whole && i < ARRAY_SIZE(lists); i++) {
		size_t n = MEMBER(const size_t, options, lists[i].n);
		char *const *list = MEMBER(char **const, options, lists[i].list);

		whole = n == 0 || json_object_set_new(json, lists[i].name,
						      create_options_json_texts(list, n)) == 0;
	}
	if (whole && options->knows_no_new_privs)
		whole = json_object_set_new(json, "no_new_privs",
					    json_boolean(options->no_new_privs)) == 0;
	if (whole && options->ttl > 0)
		whole = json_object_set_new(json, "ttl", json_integer(options->ttl)) == 0;
	if (whole && options->n_properties > 0)
		whole = json_object_set_new(json, "properties",
					    create_options_json_properties(options)) == 0;
	if (whole && options->n_hosts > 0)
		whole = json_object_set_new(json, "hosts", create_options_json_hosts(options)) == 0;
	return whole;
}

json_t *create_options_to_json(const struct create_options *options)
{
	json_t *json = json_object();

	if (json && create_options_fill_json(options, json))
		return json;
	json_decref(json);
	return NULL;
}

static bool create_options_read_text(char **text, const json_t *json)
{
	if (!json)
		return true;
	*text = json_bytes_text(json);
	return *text != NULL;
}

static bool create_options_read_texts(char ***list, size_t *n, const json_t *array)
{
	size_t length = json_array_size(array);

	if (length == 0)
		return true;
	*list = calloc(length + 1, sizeof(**list));
	if (!*list)
		return false;
	for (; *n < length; ++*n)
		if (!create_options_read_text(&(*list)[*n], json_array_get(array, *n)) ||
		    !(*list)[*n])
			return false;
	return true;
}

static bool create_options_read_number(uint64_t *number, const json_t *json)
{
	if (!json)
		return true;
	*number = (uint64_t)json_integer_value(json);
	return json_integer_value(json) > 0;
}

static bool create_options_read_properties(struct create_options *options, json_t *object)
{
	const char *key;
	json_t *value;

	options->properties = calloc(json_object_size(object) + 1, sizeof(*options->properties));
	if (!options->properties)
		return false;
	json_object_foreach(object, key, value)
	{
		struct property *property = &options->properties[options->n_properties++];

		property->key = strdup(key);
		if (!property->key || !create_options_read_text(&property->value, value) ||
		    !property->value)
			return false;
	}
	return true;
}

static bool create_options_read_hosts(struct create_options *options, const json_t *array)
{
	size_t n = json_array_size(array);

	options->hosts = calloc(n + 1, sizeof(*options->hosts));
	if (!options->hosts)
		return false;
	for (size_t i = 0; i < n; i++) {
		struct warden_host_name *host = &options->hosts[options->n_hosts++];
		const json_t *pair = json_array_get(array, i);

		host->address = json_bytes_text(json_array_get(pair, 0));
		host->names = json_bytes_text(json_array_get(pair, 1));
		if (!host->address || !host->names)
			return false;
	}
	return true;
}

bool create_options_from_json(struct create_options *options, const json_t *json)
{
	uint64_t ttl = 0;

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (!create_options_read_number(&MEMBER(uint64_t, options, numbers[i].offset),
						json_object_get(json, numbers[i].name)))
			return false;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (!create_options_read_text(&MEMBER(char *, options, texts[i].offset),
					      json_object_get(json, texts[i].name)))
			return false;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		if (!create_options_read_texts(&MEMBER(char **, options, lists[i].list),
					       &MEMBER(size_t, options, lists[i].n),
					       json_object_get(json, lists[i].name)))
			return false;
	if (!create_options_read_number(&ttl, json_object_get(json, "ttl")) || ttl > UINT32_MAX)
		return false;
	options->ttl = (uint32_t)ttl;
	options->knows_no_new_privs = json_is_boolean(json_object_get(json, "no_new_privs"));
	options->no_new_privs = json_is_true(json_object_get(json, "no_new_privs"));
	return create_options_read_properties(options, json_object_get(json, "properties")) &&
	       create_options_read_hosts(options, json_object_get(json, "hosts"));
}
