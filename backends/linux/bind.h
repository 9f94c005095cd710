/* SPDX-License-Identifier: Apache-2.0 */
/* What a client brings into a container: its rootfs and bind mounts. */
#ifndef LINUX_BIND_H
#define LINUX_BIND_H

#include "backends/linux/setup.h"

/* Opens the rootfs and the sources of the bind mounts, once, with the client's rights, and copies
 * their mounts with the attributes that they will have. */
int bind_open_sources(struct setup *setup, struct warden_error *err);

/* Attaches the bind mounts in the container's root; targets are made when they are absent. */
int bind_attach(struct setup *setup, struct warden_error *err);

#endif
