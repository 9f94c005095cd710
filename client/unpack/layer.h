/* SPDX-License-Identifier: Apache-2.0 */
/* A layer of an image: a tar with files to add to the layers below, and marks of files to hide. */
#ifndef CLIENT_UNPACK_LAYER_H
#define CLIENT_UNPACK_LAYER_H

#include "client/unpack/unpack_tree.h"

/* Applies the layer to the tree of the layers below it. */
int layer_apply(struct unpack_tree *tree, int fd, struct progress *progress,
		struct warden_error *err);

#endif
