/* SPDX-License-Identifier: Apache-2.0 */
/* Writes settings of the caller's network namespace, below /proc/sys/net. */
#ifndef BACKENDS_LINUX_NET_NET_SYSCTL_H
#define BACKENDS_LINUX_NET_NET_SYSCTL_H

#include "warden/backend.h"

/* `path` is relative to `dir_fd`, or absolute. */
int net_sysctl_write(int dir_fd, const char *path, const char *text, struct warden_error *err);

#endif
