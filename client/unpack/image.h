/* SPDX-License-Identifier: Apache-2.0 */
/* An image: a directory with layers, a configuration and the files that describe them. Its
 * content is not trusted: digests are checked before use, and no name leads out of the
 * directory. */
#ifndef CLIENT_UNPACK_IMAGE_H
#define CLIENT_UNPACK_IMAGE_H

#include <jansson.h>

#include "client/unpack/unpack_tree.h"

struct image_layer {
	char *file;   /* relative to the directory */
	char *digest; /* of the file, or of its decompressed content */
};

struct image {
	int fd;           /* of the image's directory */
	const char *name; /* the image to choose if there are several; or NULL. Borrowed */
	struct image_layer *layers; /* the lowest one first */
	size_t n_layers;
	bool digests_decompressed;
	json_t *config;
};

/* oci.c: an OCI image layout. docker.c: an archive of `docker save`. Both set the layers and the
 * configuration of the image. */
int oci_read(struct image *image, struct warden_error *err);
int docker_read(struct image *image, struct warden_error *err);

/* Checks and applies the layers to the tree. */
int image_unpack(struct image *image, struct unpack_tree *tree, struct progress *progress,
		 struct warden_error *err);
void image_free(struct image *image);

/* Loads a JSON file of the image and checks its digest, if that is not NULL; image_add_layer
 * copies its arguments. Used by oci.c and docker.c. */
json_t *image_load(struct image *image, const char *file, const char *digest,
		   struct warden_error *err);
int image_add_layer(struct image *image, const char *file, const char *digest,
		    struct warden_error *err);
/* This machine's architecture by its Go name, as images use it. */
const char *image_architecture(void);

/* defaults.c: writes the image's environment, working directory and user as defaults of jobs.
 * `warn` gets each entry of the environment that is not NAME=VALUE and is ignored. */
typedef void defaults_warn(const char *entry);
int defaults_write(const json_t *config, const char *path, defaults_warn *warn,
		   struct warden_error *err);

/* Adds to the defaults, which are made if there are none, that so many files belong to ids that
 * containers do not have, so that a create says so, too. */
int defaults_add_owners(const char *path, uint64_t files, const char *first,
			struct warden_error *err);

/* Puts a text and ": " before the error's message. Returns -1. */
int error_prepend(struct warden_error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
