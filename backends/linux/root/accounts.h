/* SPDX-License-Identifier: Apache-2.0 */
/* The container's user vcap: its lines in passwd and group, its home, and the files of a vcap that
 * the rootfs has already. */
#ifndef BACKENDS_LINUX_ROOT_ACCOUNTS_H
#define BACKENDS_LINUX_ROOT_ACCOUNTS_H

#include "backends/linux/create/setup.h"

/* Looks for a vcap in the rootfs; its numbers are mapped to the container's, not changed. */
int accounts_find(struct setup *setup, struct warden_error *err);

/* Writes vcap, and the group fuse where it is missing, and makes vcap's home. */
int accounts_write(struct setup *setup, struct warden_error *err);

#endif
