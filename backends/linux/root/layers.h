/* SPDX-License-Identifier: Apache-2.0 */
/* The layers of a container's root file system: directories of the host that containers only read.
 * A client may name those that it may read. */
#ifndef BACKENDS_LINUX_ROOT_LAYERS_H
#define BACKENDS_LINUX_ROOT_LAYERS_H

#include "backends/linux/create/setup.h"

/* Opens a path that the client named, with the client's rights (O_PATH); links are followed as
 * lib/trusted_path.h says. Returns a descriptor, or -1 with errno and `err`. */
int layers_open_as_client(const struct setup *setup, const char *path, int flags,
			  struct warden_error *err);

/* Opens the layers and copies their mounts. */
int layers_open(struct setup *setup, struct warden_error *err);

#endif
