/* SPDX-License-Identifier: Apache-2.0 */
/* The directories that a Create names: its root file system or layers, and its bind mounts. */
#ifndef CORE_CONTAINER_CREATE_MOUNTS_H
#define CORE_CONTAINER_CREATE_MOUNTS_H

#include "core/container/container.h"

/* Fills in rootfs and bind mounts of a container whose options are filled in already. -1 and `err`:
 * a path is not valid or does not exist. */
int create_mounts_take(struct container *container, const Warden__CreateRequest *asked,
		       struct warden_error *err);

#endif
