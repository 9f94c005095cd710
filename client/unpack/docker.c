/* SPDX-License-Identifier: Apache-2.0 */
/* Archives of `docker save`: manifest.json names the files, the configuration has the digests of
 * the decompressed layers. See image.h. */
#include <config.h>

#include "client/unpack/image.h"

#include <string.h>

#include "client/unpack/digest.h"
#include "lib/cleanup.h"

#define DIGEST_PREFIX "sha256:"

/* The digits of an id that docker shows. */
enum { SHORT_ID = 12 };

/* A name without a tag means the tag `latest`. */
static bool docker_is_tag(const char *tag, const char *name)
{
	size_t length = strlen(name);

	return tag && strncmp(tag, name, length) == 0 &&
	       (tag[length] == '\0' || strcmp(tag + length, ":latest") == 0);
}

/* The image's id: the name of its configuration's file, without directories and suffix. Returns
 * its length. */
static size_t docker_find_id(const json_t *entry, const char **id)
{
	const char *file = json_string_value(json_object_get(entry, "Config"));
	const char *slash = file ? strrchr(file, '/') : NULL;

	*id = slash ? slash + 1 : file ? file : "";
	return strcspn(*id, ".");
}

/* Whether the name is the beginning of the image's id, as docker shows it. */
static bool docker_has_id(const json_t *entry, const char *name)
{
	const char *id;
	size_t length = docker_find_id(entry, &id);

	if (strncmp(name, DIGEST_PREFIX, strlen(DIGEST_PREFIX)) == 0)
		name += strlen(DIGEST_PREFIX);
	return strlen(name) >= SHORT_ID && strlen(name) <= length &&
	       strncmp(id, name, strlen(name)) == 0;
}

static bool docker_has_name(const json_t *entry, const char *name)
{
	const json_t *tag;
	size_t i;

	json_array_foreach(json_object_get(entry, "RepoTags"), i, tag)
		if (docker_is_tag(json_string_value(tag), name))
			return true;
	return docker_has_id(entry, name);
}

/* Appends the tags of an image, or its id if it has none. Returns the length of the list. */
static size_t docker_list_entry(const json_t *entry, char *list, size_t size, size_t length)
{
	const json_t *tags = json_object_get(entry, "RepoTags"), *tag;
	const char *id;
	size_t i;

	if (json_array_size(tags) == 0 && docker_find_id(entry, &id) > 0)
		return length + (size_t)snprintf(list + length, size - length, "%s%.*s",
						 length ? ", " : "", SHORT_ID, id);
	json_array_foreach(tags, i, tag) {
		const char *text = json_string_value(tag);

		if (text && length < size)
			length += (size_t)snprintf(list + length, size - length, "%s%s",
						   length ? ", " : "", text);
	}
	return length;
}

static void docker_list_names(const json_t *manifest, char *list, size_t size)
{
	const json_t *entry;
	size_t i, length = 0;

	*list = '\0';
	json_array_foreach(manifest, i, entry)
		if (length < size)
			length = docker_list_entry(entry, list, size, length);
}

/* With a name the first image that has it, else the only one. */
static const json_t *docker_choose_entry(const struct image *image, const json_t *manifest,
					 struct warden_error *err)
{
	const json_t *entry;
	char list[512];
	size_t i;

	json_array_foreach(manifest, i, entry)
		if (image->name ? docker_has_name(entry, image->name)
				: json_array_size(manifest) == 1)
			return entry;
	docker_list_names(manifest, list, sizeof(list));
	if (!image->name && json_array_size(manifest) > 1)
		warden_error_set(err, "it holds several images, choose one with --image: %s", list);
	else
		warden_error_set(err, "it holds no image %s: %s", image->name ? image->name : "",
				 list);
	return NULL;
}

/* The name of the configuration's file is its digest, with or without a suffix. */
static bool docker_config_digest(const char *file, char *digest, size_t size)
{
	const char *slash = strrchr(file, '/'), *base = slash ? slash + 1 : file;

	snprintf(digest, size, "sha256:%.*s", (int)strcspn(base, "."), base);
	return digest_is_valid(digest);
}

static int docker_add_layers(struct image *image, const json_t *files, struct warden_error *err)
{
	const json_t *digests =
		json_object_get(json_object_get(image->config, "rootfs"), "diff_ids");
	const json_t *file;
	size_t i;

	if (!json_is_array(files) || json_array_size(files) != json_array_size(digests))
		return warden_error_set(err, "it has %zu layers, and digests of %zu",
					json_array_size(files), json_array_size(digests));
	json_array_foreach(files, i, file) {
		const char *name = json_string_value(file);
		const char *digest = json_string_value(json_array_get(digests, i));

		if (!name || !digest)
			return warden_error_set(err, "layer %zu has no name or no digest", i + 1);
		if (image_add_layer(image, name, digest, err) < 0)
			return error_prepend(err, "layer %zu", i + 1);
	}
	return 0;
}

static int docker_read_entry(struct image *image, const json_t *entry, struct warden_error *err)
{
	const char *file = json_string_value(json_object_get(entry, "Config"));
	char digest[256];

	if (!file)
		return warden_error_set(err, "manifest.json names no Config");
	image->config =
		image_load(image, file,
			   docker_config_digest(file, digest, sizeof(digest)) ? digest : NULL, err);
	if (!image->config)
		return -1;
	return docker_add_layers(image, json_object_get(entry, "Layers"), err);
}

int docker_read(struct image *image, struct warden_error *err)
{
	json_t *manifest = image_load(image, "manifest.json", NULL, err);
	const json_t *entry;
	int result;

	if (!manifest)
		return error_prepend(err, "it is nothing that docker save wrote");
	image->digests_decompressed = true;
	entry = docker_choose_entry(image, manifest, err);
	result = entry ? docker_read_entry(image, entry, err) : -1;
	json_decref(manifest);
	return result;
}
