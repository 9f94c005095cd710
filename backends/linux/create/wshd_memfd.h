/* SPDX-License-Identifier: Apache-2.0 */
/* The copy of wshd that containers execute: unreadable inside, so that it can be neither traced nor
 * overwritten. */
#ifndef BACKENDS_LINUX_CREATE_WSHD_MEMFD_H
#define BACKENDS_LINUX_CREATE_WSHD_MEMFD_H

#include "warden/backend.h"

/* Copies the program at `path` into a sealed memfd of mode 0111, or, if sysctl vm.memfd_noexec
 * forbids that, into a read-only file system that is not attached. Returns a descriptor, or -1. */
int wshd_memfd_load(const struct warden_host *host, const char *path, struct warden_error *err);

#endif
