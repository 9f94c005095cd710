/* SPDX-License-Identifier: Apache-2.0 */
/* The copy of wshd that containers execute: no process in a container can read it, so none can
 * trace or overwrite it. */
#ifndef BACKENDS_LINUX_CREATE_WSHD_MEMFD_H
#define BACKENDS_LINUX_CREATE_WSHD_MEMFD_H

#include "warden/backend.h"

/* Copies the program at `path` into a sealed memfd of mode 0111. If sysctl vm.memfd_noexec forbids
 * its execution, copies it into a read-only tmpfs that is not attached, and logs a warning. Returns
 * a descriptor that the caller closes, or -1. */
int wshd_memfd_load(const struct warden_host *host, const char *path, struct warden_error *err);

#endif
