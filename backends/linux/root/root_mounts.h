/* SPDX-License-Identifier: Apache-2.0 */
/* The mounts of a container, made by its set-up child in a mount namespace of the host's, from
 * which the container's own gets locked copies. What all of them are made of is in mount_api.h,
 * /dev in dev.h, bind mounts in bind_mount.h. */
#ifndef BACKENDS_LINUX_ROOT_ROOT_MOUNTS_H
#define BACKENDS_LINUX_ROOT_ROOT_MOUNTS_H

#include "backends/linux/create/setup.h"

/* A mount namespace of the set-up's own, from which nothing spreads. */
int root_mounts_private(struct setup *setup, struct warden_error *err);

/* The writable layer over the root file system, attached in the container's directory. */
int root_mounts_make(struct setup *setup, struct warden_error *err);

/* /proc, of the container's pid namespace, and /sys, of its network namespace; not attached yet. */
int proc_mounts_make(struct setup *setup, struct warden_error *err);

/* Attaches /dev, /proc and /sys; hides and protects what is the host's in them. */
int proc_mounts_attach(struct setup *setup, struct warden_error *err);

/* Makes the container's root that of the set-up child and the container's first process. */
int root_mounts_pivot(struct setup *setup, struct warden_error *err);

#endif
