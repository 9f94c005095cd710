/* SPDX-License-Identifier: Apache-2.0 */
/* OCI image layouts: index.json names manifests, or nested indexes of an image for several
 * machines; a manifest names layers and configuration. See image.h. */
#include <config.h>

#include "client/unpack/image.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

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

/* What --image may name a manifest by: its reference, else its digest. "" if it has neither. */
static const char *oci_choice(const json_t *descriptor)
{
	const char *reference = oci_reference(descriptor);
	const char *digest = oci_text(descriptor, "digest");

	return reference ? reference : digest ? digest : "";
}

static bool oci_is_text(const char *text, const char *name)
{
	return text && strcmp(text, name) == 0;
}

static bool oci_has_name(const json_t *descriptor, const char *name)
{
	const json_t *annotations = json_object_get(descriptor, "annotations");

	return oci_is_text(oci_reference(descriptor), name) ||
	       oci_is_text(oci_text(annotations, "io.containerd.image.name"), name) ||
	       oci_is_text(oci_text(descriptor, "digest"), name);
}

/* Attestations describe how an image was built; they are no images. */
static bool oci_is_attestation(const json_t *descriptor)
{
	return oci_text(json_object_get(descriptor, "annotations"), "vnd.docker.reference.type");
}

/* How well the machine runs a variant of its architecture: 0, if it does not; more is better. A
 * newer one may need instructions that the machine lacks. */
static int oci_rank_variant(const char *architecture, const char *variant)
{
	struct utsname system = {0};
	int level;

	if (!variant || !*variant || strcmp(variant, "v1") == 0)
		return 3;
	if (strcmp(architecture, "arm") != 0)
		return strcmp(architecture, "arm64") == 0 && strcmp(variant, "v8") == 0 ? 3 : 2;
	uname(&system); /* cannot fail with a valid pointer */
	level = variant[0] == 'v' ? atoi(variant + 1) : 0;
	return level <= atoi(system.machine + strcspn(system.machine, "0123456789")) ? 3 + level
										     : 0;
}

/* How well a manifest fits this machine, as oci_rank_variant. */
static int oci_rank(const json_t *descriptor)
{
	const json_t *platform = json_object_get(descriptor, "platform");
	const char *os = oci_text(platform, "os"),
		   *architecture = oci_text(platform, "architecture");

	if ((os && strcmp(os, "linux") != 0) ||
	    (architecture && strcmp(architecture, image_architecture()) != 0))
		return 0;
	return architecture ? oci_rank_variant(architecture, oci_text(platform, "variant")) : 1;
}

/* Lists the images for an error message. */
static void oci_list_manifests(const json_t *manifests, char *list, size_t size)
{
	const json_t *descriptor;
	size_t i, length = 0;

	*list = '\0';
	json_array_foreach(manifests, i, descriptor) {
		const json_t *platform = json_object_get(descriptor, "platform");
		const char *name = oci_choice(descriptor);
		const char *architecture = oci_text(platform, "architecture");
		int added;

		if (oci_is_attestation(descriptor))
			continue;
		added = snprintf(list + length, size - length, "%s%s%s%s%s", length ? ", " : "",
				 name, architecture ? " (" : "", architecture ? architecture : "",
				 architecture ? ")" : "");
		length += (size_t)added;
		if (length >= size)
			return;
	}
}

static int oci_fail_choice(const struct image *image, const json_t *manifests, bool several,
			   struct warden_error *err)
{
	char list[512];

	oci_list_manifests(manifests, list, sizeof(list));
	if (several)
		return warden_error_set(err, "it holds several images, choose one with --image: %s",
					list);
	if (image->name)
		return warden_error_set(err, "it holds no image %s for linux on %s: %s",
					image->name, image_architecture(), list);
	return warden_error_set(err, "it holds no image for linux on %s: %s", image_architecture(),
				list);
}

/* Whether another manifest that fits has another name: then there is no best one. */
static bool oci_has_rival(const struct image *image, const json_t *manifests, const json_t *chosen)
{
	const char *reference = oci_reference(chosen);
	const json_t *descriptor;
	size_t i;

	if (image->name)
		return false;
	json_array_foreach(manifests, i, descriptor) {
		const char *other = oci_reference(descriptor);

		if (other && reference && strcmp(other, reference) != 0 &&
		    !oci_is_attestation(descriptor) && oci_rank(descriptor) > 0)
			return true;
	}
	return false;
}

/* Chooses a manifest of an index: the only one, even if it is for another machine, which the
 * kernel may be able to run; else the first of those that fit this machine best. */
static const json_t *oci_choose_manifest(const struct image *image, const json_t *manifests,
					 bool by_name, struct warden_error *err)
{
	const json_t *descriptor, *any = NULL, *best = NULL;
	size_t i, n_any = 0;

	json_array_foreach(manifests, i, descriptor) {
		if (oci_is_attestation(descriptor) ||
		    (by_name && image->name && !oci_has_name(descriptor, image->name)))
			continue;
		any = descriptor;
		n_any++;
		if (oci_rank(descriptor) > (best ? oci_rank(best) : 0))
			best = descriptor;
	}
	if (n_any == 1)
		return any;
	if (best && !(by_name && oci_has_rival(image, manifests, best)))
		return best;
	oci_fail_choice(image, manifests, best != NULL, err);
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
