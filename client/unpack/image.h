/* SPDX-License-Identifier: Apache-2.0 */
/* An image: a directory with its layers and its configuration, which others describe. Nothing of it
 * is believed before its digest was checked, and no name in it leads out of the directory. */
#ifndef CLIENT_UNPACK_IMAGE_H
#define CLIENT_UNPACK_IMAGE_H

#include <jansson.h>

#include "client/unpack/unpack_tree.h"

struct image_layer {
	char *file;   /* in the directory */
	char *digest; /* of the file, or of what it is without its compression */
};

struct image {
	int fd;           /* its directory */
	const char *name; /* which one of several is meant; NULL: there is one. Borrowed */
	struct image_layer *layers; /* from the lowest up */
	size_t n_layers;
	bool digests_decompressed;
	json_t *config;
};

/* oci.c: an image layout. docker.c: what `docker save` writes. Both find the layers and the
 * configuration of the image. */
int oci_read(struct image *image, struct warden_error *err);
int docker_read(struct image *image, struct warden_error *err);

/* Applies the layers to the tree. */
int image_unpack(struct image *image, struct unpack_tree *tree, struct progress *progress,
		 struct warden_error *err);
void image_free(struct image *image);

/* For oci.c and docker.c. `digest` may be NULL where none is known. */
json_t *image_load(struct image *image, const char *file, const char *digest,
		   struct warden_error *err);
int image_add_layer(struct image *image, const char *file, const char *digest,
		    struct warden_error *err);
/* What Go calls this machine. */
const char *image_architecture(void);

/* defaults.c: writes what the image says of environment, working directory and user, for jobs. */
int defaults_write(const json_t *config, const char *path, struct warden_error *err);

/* Puts a text before the message. Returns -1. */
int error_prepend(struct warden_error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
