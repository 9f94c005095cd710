/* SPDX-License-Identifier: Apache-2.0 */
/* A layer of an image: a tar with what it adds to the layers below it, and what it hides of them.
 */
#ifndef CLIENT_UNPACK_LAYER_H
#define CLIENT_UNPACK_LAYER_H

#include "client/unpack/unpack_tree.h"

/* Applies the layer to the tree that holds those below it. */
int layer_apply(struct unpack_tree *tree, int fd, struct progress *progress,
		struct warden_error *err);

#endif
