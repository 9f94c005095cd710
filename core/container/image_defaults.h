/* SPDX-License-Identifier: Apache-2.0 */
/* The job defaults of an image: ROOTFS.json, beside the directory ROOTFS, is an object with `env`
 * (an array of "NAME=VALUE"), `working_dir` and `user`, all optional. warden-rootfs writes it; the
 * file is optional, too. */
#ifndef CORE_CONTAINER_IMAGE_DEFAULTS_H
#define CORE_CONTAINER_IMAGE_DEFAULTS_H

#include "core/container/container.h"

/* Worker thread. Reads the file of the container's root file system, or of the topmost layer that
 * has one. It is opened with the client's rights unless it belongs to the configured rootfs. -1 and
 * `err`: it cannot be read or is not valid. */
int image_defaults_read(struct container *container, struct warden_error *err);

#endif
