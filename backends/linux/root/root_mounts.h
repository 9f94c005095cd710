/* SPDX-License-Identifier: Apache-2.0 */
/* The mounts of a container. Its set-up child makes them in a mount namespace owned by the host's
 * user namespace; the container's mount namespace gets locked copies. The primitives are in
 * mount_api.h, /dev is in dev.h, bind mounts are in bind_mount.h. */
#ifndef BACKENDS_LINUX_ROOT_ROOT_MOUNTS_H
#define BACKENDS_LINUX_ROOT_ROOT_MOUNTS_H

#include "backends/linux/create/setup.h"

/* Makes a mount namespace for the set-up, without propagation. */
int root_mounts_private(struct setup *setup, struct warden_error *err);

/* Mounts the writable layer over the other layers, in the container's directory. */
int root_mounts_make(struct setup *setup, struct warden_error *err);

/* Makes /proc of the container's pid namespace and /sys of its network namespace, not attached yet.
 * */
int proc_mounts_make(struct setup *setup, struct warden_error *err);

/* Attaches /dev, /proc and /sys; hides or protects the host's parts of them. */
int proc_mounts_attach(struct setup *setup, struct warden_error *err);

/* Makes the container's root the root of the set-up child and of the first process. */
int root_mounts_pivot(struct setup *setup, struct warden_error *err);

#endif
