/* SPDX-License-Identifier: Apache-2.0 */
/* The container's /dev. */
#ifndef LINUX_DEV_H
#define LINUX_DEV_H

#include "backends/linux/setup.h"

/* A file system with the device nodes, not attached yet. */
int dev_make(struct setup *setup, struct warden_error *err);

/* Mounts pts and shm in it, once it is attached. */
int dev_attach_parts(struct setup *setup, struct warden_error *err);

#endif
