/* SPDX-License-Identifier: Apache-2.0 */
/* The container's /dev. */
#ifndef BACKENDS_LINUX_ROOT_DEV_H
#define BACKENDS_LINUX_ROOT_DEV_H

#include "backends/linux/create/setup.h"

/* Makes a file system with the device nodes, not attached yet. */
int dev_make(struct setup *setup, struct warden_error *err);

/* Mounts pts and shm in it, once it is attached. */
int dev_attach_parts(struct setup *setup, struct warden_error *err);

#endif
