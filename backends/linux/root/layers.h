/* SPDX-License-Identifier: Apache-2.0 */
/* The layers of a container's root file system: directories of the host's that containers only
 * read. Who may name them is the client's right to read them. */
#ifndef BACKENDS_LINUX_ROOT_LAYERS_H
#define BACKENDS_LINUX_ROOT_LAYERS_H

#include "backends/linux/create/setup.h"

/* Opens a path of the client's with the client's rights (O_PATH). */
int layers_open_as_client(const struct setup *setup, const char *path, int flags,
			  struct warden_error *err);

/* Opens the layers and copies their mounts. */
int layers_open(struct setup *setup, struct warden_error *err);

#endif
