/* SPDX-License-Identifier: Apache-2.0 */
/* wshd as containers execute it: a copy that nobody inside can read, and so neither trace nor
 * overwrite. */
#ifndef BACKENDS_LINUX_CREATE_WSHD_MEMFD_H
#define BACKENDS_LINUX_CREATE_WSHD_MEMFD_H

#include "warden/backend.h"

/* Copies the program at `path` into a sealed memfd of mode 0111, or, where the kernel executes no
 * memfd, into a read-only file system that is attached nowhere. Returns a descriptor. */
int wshd_memfd_load(const struct warden_host *host, const char *path, struct warden_error *err);

#endif
