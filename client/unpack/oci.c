/* SPDX-License-Identifier: Apache-2.0 */
/* OCI image layouts: index.json names manifests, or nested indexes of an image for several
 * machines; a manifest names layers and configuration. See image.h. */
#include <config.h>

#include "client/unpack/image.h"

#include <string.h>

#include "client/unpack/digest.h"
#include "lib/cleanup.h"

enum { MAX_NESTED = 4 };

static const char *oci_text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static int oci_blob_file(const json_t *descriptor, char *file, size_t size, const char **digest,
			 struct warden_error *err)
{
	const char *text = oci_text(descriptor, "digest"), *colon;

	if (!text)
		return warden_error_set(err, "a blob has no digest");
	if (!digest_is_valid(text))
		return warden_error_set(err, "%s is no sha256 or sha512 digest", text);
	colon = strchr(text, ':');
	snprintf(file, size, "blobs/%.*s/%s", (int)(colon - text), text, colon + 1);
	*digest = text;
	return 0;
}

static json_t *oci_load_blob(struct image *image, const json_t *descriptor,
			     struct warden_error *err)
{
	const char *digest = NULL;
	char file[256];

	if (oci_blob_file(descriptor, file, sizeof(file), &digest, err) < 0)
		return NULL;
	return image_load(image, file, digest, err);
}

static const char *oci_reference(const json_t *descriptor)
{
	return oci_text(json_object_get(descriptor, "annotations"),
			"org.opencontainers.image.ref.name");
}

static bool oci_has_name(const json_t *descriptor, const char *name)
{
	const json_t *annotations = json_object_get(descriptor, "annotations");
	const char *reference = oci_reference(descriptor);
	const char *full = oci_text(annotations, "io.containerd.image.name");

	return (reference && strcmp(reference, name) == 0) || (full && strcmp(full, name) == 0);
}

/* Attestations describe how an image was built; they are no images. */
static bool oci_is_attestation(const json_t *descriptor)
{
	return oci_text(json_object_get(descriptor, "annotations"), "vnd.docker.reference.type");
}

static bool oci_is_for_this_machine(const json_t *descriptor)
{
	const json_t *platform = json_object_get(descriptor, "platform");
	const char *os = oci_text(platform, "os"),
		   *architecture = oci_text(platform, "architecture");

	return (!os || strcmp(os, "linux") == 0) &&
	       (!architecture || strcmp(architecture, image_architecture()) == 0);
}

/* Lists the images for an error message. */
static void oci_list_manifests(const json_t *manifests, char *list, size_t size)
{
	const json_t *descriptor;
	size_t i, length = 0;

	*list = '\0';
	json_array_foreach(manifests, i, descriptor) {
		const json_t *platform = json_object_get(descriptor, "platform");
		const char *name = oci_reference(descriptor);
		const char *architecture = oci_text(platform, "architecture");
		int added;

		if (oci_is_attestation(descriptor))
			continue;
		added = snprintf(list + length, size - length, "%s%s%s%s%s", length ? ", " : "",
				 name ? name : "without a name", architecture ? " (" : "",
				 architecture ? architecture : "", architecture ? ")" : "");
		length += (size_t)added;
		if (length >= size)
			return;
	}
}

static int oci_fail_choice(const struct image *image, const json_t *manifests, size_t n,
			   struct warden_error *err)
{
	char list[512];

	oci_list_manifests(manifests, list, sizeof(list));
	if (n > 0)
		return warden_error_set(err, "it holds several images, choose one with --image: %s",
					list);
	if (image->name)
		return warden_error_set(err, "it holds no image %s for linux on %s: %s",
					image->name, image_architecture(), list);
	return warden_error_set(err, "it holds no image for linux on %s: %s", image_architecture(),
				list);
}

/* Chooses a manifest of an index: the only one, even if it is for another machine, which the
 * kernel may be able to run; else the only one for this machine. */
static const json_t *oci_choose_manifest(const struct image *image, const json_t *manifests,
					 bool by_name, struct warden_error *err)
{
	const json_t *descriptor, *any = NULL, *fit = NULL;
	size_t i, n_any = 0, n_fit = 0;

	json_array_foreach(manifests, i, descriptor) {
		if (oci_is_attestation(descriptor) ||
		    (by_name && image->name && !oci_has_name(descriptor, image->name)))
			continue;
		any = descriptor;
		n_any++;
		if (oci_is_for_this_machine(descriptor)) {
			fit = descriptor;
			n_fit++;
		}
	}
	if (n_any == 1)
		return any;
	if (n_fit == 1)
		return fit;
	oci_fail_choice(image, manifests, n_fit, err);
	return NULL;
}

static int oci_read_manifest(struct image *image, const json_t *manifest, struct warden_error *err)
{
	const json_t *layers = json_object_get(manifest, "layers"), *layer;
	const char *digest = NULL;
	char file[256];
	size_t i;

	if (!json_is_array(layers) || !json_is_object(json_object_get(manifest, "config")))
		return warden_error_set(err, "a manifest has no layers or no config");
	json_array_foreach(layers, i, layer) {
		if (oci_blob_file(layer, file, sizeof(file), &digest, err) < 0 ||
		    image_add_layer(image, file, digest, err) < 0)
			return error_prepend(err, "layer %zu", i + 1);
	}
	image->config = oci_load_blob(image, json_object_get(manifest, "config"), err);
	return image->config ? 0 : -1;
}

/* Only the outermost index has names. */
static int oci_read_index(struct image *image, const json_t *index, int depth,
			  struct warden_error *err)
{
	const json_t *manifests = json_object_get(index, "manifests"), *chosen;
	json_t *next;
	int result;

	if (!json_is_array(manifests))
		return oci_read_manifest(image, index, err);
	if (depth > MAX_NESTED)
		return warden_error_set(err, "an index in an index, more than %d deep", MAX_NESTED);
	chosen = oci_choose_manifest(image, manifests, depth == 0, err);
	next = chosen ? oci_load_blob(image, chosen, err) : NULL;
	result = next ? oci_read_index(image, next, depth + 1, err) : -1;
	json_decref(next);
	return result;
}

static int oci_check_version(struct image *image, struct warden_error *err)
{
	json_t *layout = image_load(image, "oci-layout", NULL, err);
	const char *version = oci_text(layout, "imageLayoutVersion");
	int result = 0;

	if (!layout)
		return error_prepend(err, "it is no OCI image layout");
	if (!version || strcmp(version, "1.0.0") != 0)
		result = warden_error_set(err, "oci-layout: the version %s is not known",
					  version ? version : "(none)");
	json_decref(layout);
	return result;
}

int oci_read(struct image *image, struct warden_error *err)
{
	json_t *index;
	int result;

	if (oci_check_version(image, err) < 0)
		return -1;
	index = image_load(image, "index.json", NULL, err);
	if (!index)
		return -1;
	result = json_is_array(json_object_get(index, "manifests"))
			 ? oci_read_index(image, index, 0, err)
			 : warden_error_set(err, "index.json has no manifests");
	json_decref(index);
	return result;
}
