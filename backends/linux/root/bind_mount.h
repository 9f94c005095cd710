/* SPDX-License-Identifier: Apache-2.0 */
/* Bind mounts: directories and files of the host that a client mounts into a container. */
#ifndef BACKENDS_LINUX_ROOT_BIND_MOUNT_H
#define BACKENDS_LINUX_ROOT_BIND_MOUNT_H

#include "backends/linux/create/setup.h"

/* Opens the sources with the client's rights and copies their mounts with their final attributes.
 * */
int bind_mount_open_sources(struct setup *setup, struct warden_error *err);

/* Attaches the bind mounts in the container's root; makes absent targets. */
int bind_mount_attach(struct setup *setup, struct warden_error *err);

/* Opens a directory in the container's root, and makes missing parts with the rights of the
 * container's root; fails in /dev, /proc and /sys. Returns its descriptor, or -1. */
int bind_mount_open_directory(const struct setup *setup, const char *path,
			      struct warden_error *err);

#endif
