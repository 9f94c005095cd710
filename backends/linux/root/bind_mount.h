/* SPDX-License-Identifier: Apache-2.0 */
/* Bind mounts: what of the host's a client brings into a container. */
#ifndef BACKENDS_LINUX_ROOT_BIND_MOUNT_H
#define BACKENDS_LINUX_ROOT_BIND_MOUNT_H

#include "backends/linux/create/setup.h"

/* Opens the sources, once, with the client's rights, and copies their mounts with the attributes
 * that they will have. */
int bind_mount_open_sources(struct setup *setup, struct warden_error *err);

/* Attaches the bind mounts in the container's root; targets are made when they are absent. */
int bind_mount_attach(struct setup *setup, struct warden_error *err);

/* A directory in the container's root, made part by part where it is absent, as container root
 * would make it; not one in the container's own file systems. Returns its descriptor, or -1. */
int bind_mount_open_directory(const struct setup *setup, const char *path,
			      struct warden_error *err);

#endif
