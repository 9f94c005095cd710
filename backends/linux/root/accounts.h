/* SPDX-License-Identifier: Apache-2.0 */
/* The container's user vcap: its lines in passwd and group, its home, and the ids of an existing
 * vcap in the rootfs. */
#ifndef BACKENDS_LINUX_ROOT_ACCOUNTS_H
#define BACKENDS_LINUX_ROOT_ACCOUNTS_H

#include "backends/linux/create/setup.h"

/* Finds the ids of vcap in the rootfs; they are mapped to those of the container's vcap, files are
 * not changed. */
int accounts_find(struct setup *setup, struct warden_error *err);

/* Writes vcap and, if missing, the group fuse, and makes vcap's home. */
int accounts_write(struct setup *setup, struct warden_error *err);

#endif
