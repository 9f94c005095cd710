/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that both kinds of images share; see image.h. */
#include <config.h>

#include "client/unpack/image.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "client/unpack/digest.h"
#include "client/unpack/layer.h"
#include "lib/cleanup.h"

enum { MAX_JSON = 4 * 1024 * 1024, MAX_LAYERS = 1000 };

int error_prepend(struct warden_error *err, const char *format, ...)
{
	char text[sizeof(err->message)], where[sizeof(err->message)];
	int number = err->number;
	va_list args;

	memcpy(text, err->message, sizeof(text));
	va_start(args, format);
	vsnprintf(where, sizeof(where), format, args);
	va_end(args);
	warden_error_set(err, "%s: %s", where, text);
	err->number = number;
	return -1;
}

static int image_read_all(int fd, char *buffer, size_t size, struct warden_error *err)
{
	size_t have = 0;

	while (have < size) {
		ssize_t part = pread(fd, buffer + have, size - have, (off_t)have);

		if (part < 0 && errno == EINTR)
			continue;
		if (part < 0)
			return warden_error_errno(err, "cannot be read");
		if (part == 0)
			return warden_error_set(err, "was truncated while it was read");
		have += (size_t)part;
	}
	return 0;
}

static json_t *image_parse_json(const char *text, size_t size, const char *digest,
				struct warden_error *err)
{
	json_error_t error;
	json_t *json;

	if (digest && digest_check_bytes(digest, text, size, err) < 0)
		return NULL;
	json = json_loadb(text, size, 0, &error);
	if (!json)
		warden_error_set(err, "is not JSON: line %d: %s", error.line, error.text);
	return json;
}

static json_t *image_load_json(int fd, const char *digest, struct warden_error *err)
{
	_cleanup_free_ char *text = NULL;
	struct stat status;

	if (fstat(fd, &status) < 0) {
		warden_error_errno(err, "stat it");
		return NULL;
	}
	if (status.st_size > MAX_JSON) {
		warden_error_set(err, "has more than %d bytes", MAX_JSON);
		return NULL;
	}
	text = malloc((size_t)status.st_size + 1);
	if (!text) {
		warden_error_errno(err, "read it");
		return NULL;
	}
	if (image_read_all(fd, text, (size_t)status.st_size, err) < 0)
		return NULL;
	return image_parse_json(text, (size_t)status.st_size, digest, err);
}

json_t *image_load(struct image *image, const char *file, const char *digest,
		   struct warden_error *err)
{
	_cleanup_close_ int fd = place_open_file(image->fd, file, err);
	json_t *json;

	if (fd < 0)
		return NULL;
	json = image_load_json(fd, digest, err);
	if (!json)
		error_prepend(err, "%s", file);
	return json;
}

int image_add_layer(struct image *image, const char *file, const char *digest,
		    struct warden_error *err)
{
	struct image_layer *grown, *layer;

	if (!digest_is_valid(digest))
		return warden_error_set(err, "%s is no sha256 or sha512 digest", digest);
	if (image->n_layers >= MAX_LAYERS)
		return warden_error_set(err, "it has more than %d layers", MAX_LAYERS);
	grown = reallocarray(image->layers, image->n_layers + 1, sizeof(*grown));
	if (!grown)
		return warden_error_errno(err, "add a layer");
	image->layers = grown;
	layer = &grown[image->n_layers++];
	layer->file = strdup(file);
	layer->digest = strdup(digest);
	if (!layer->file || !layer->digest)
		return warden_error_errno(err, "add a layer");
	return 0;
}

static int image_unpack_layer(struct image *image, size_t i, struct unpack_tree *tree,
			      struct progress *progress, struct warden_error *err)
{
	const struct image_layer *layer = &image->layers[i];
	_cleanup_close_ int fd = place_open_file(image->fd, layer->file, err);
	struct stat status;

	if (fd < 0)
		return -1;
	if (fstat(fd, &status) < 0)
		return warden_error_errno(err, "stat %s", layer->file);
	progress_begin(progress, (uint64_t)status.st_size, "check layer %zu of %zu", i + 1,
		       image->n_layers);
	if (digest_check_file(layer->digest, fd, image->digests_decompressed, progress, err) < 0)
		return error_prepend(err, "%s", layer->file);
	progress_begin(progress, (uint64_t)status.st_size, "unpack layer %zu of %zu", i + 1,
		       image->n_layers);
	return layer_apply(tree, fd, progress, err);
}

int image_unpack(struct image *image, struct unpack_tree *tree, struct progress *progress,
		 struct warden_error *err)
{
	if (image->n_layers == 0)
		return warden_error_set(err, "it has no layers");
	for (size_t i = 0; i < image->n_layers; i++) {
		if (image_unpack_layer(image, i, tree, progress, err) < 0)
			return error_prepend(err, "layer %zu of %zu", i + 1, image->n_layers);
		unpack_tree_free(tree); /* its times have been set */
	}
	return 0;
}

void image_free(struct image *image)
{
	for (size_t i = 0; i < image->n_layers; i++) {
		free(image->layers[i].file);
		free(image->layers[i].digest);
	}
	free(image->layers);
	json_decref(image->config);
	if (image->fd >= 0)
		close(image->fd); /* was only read: close cannot lose data */
	*image = (struct image){.fd = -1};
}

const char *image_architecture(void)
{
	static const char *const names[][2] = {
		{"x86_64", "amd64"}, {"aarch64", "arm64"}, {"armv7l", "arm"},
		{"armv6l", "arm"},   {"i686", "386"},      {"loongarch64", "loong64"},
	};
	static struct utsname system;

	if (uname(&system) < 0)
		return "unknown"; /* cannot fail with a valid pointer */
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(system.machine, names[i][0]) == 0)
			return names[i][1];
	return system.machine;
}
