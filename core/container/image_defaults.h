/* SPDX-License-Identifier: Apache-2.0 */
/* What an image says about its jobs: ROOTFS.json, beside the directory ROOTFS, an object with `env`
 * (an array of "NAME=VALUE"), `working_dir` and `user`, none of them required. warden-rootfs writes
 * it; a rootfs without one is as good. */
#ifndef CORE_CONTAINER_IMAGE_DEFAULTS_H
#define CORE_CONTAINER_IMAGE_DEFAULTS_H

#include "core/container/container.h"

/* Worker thread. Reads what belongs to the container's root file system: of several layers, what
 * belongs to the topmost that has such a file. It is opened with the client's rights, unless it is
 * the configured one's. -1 and `err`: it cannot be read, or is not as above. */
int image_defaults_read(struct container *container, struct warden_error *err);

#endif
