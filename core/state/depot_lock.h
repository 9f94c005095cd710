/* SPDX-License-Identifier: Apache-2.0 */
/* The lock of a depot: one process at a time uses it. */
#ifndef CORE_STATE_DEPOT_LOCK_H
#define CORE_STATE_DEPOT_LOCK_H

#include "warden/error.h"

/* Locks the depot at `fd` for as long as it is open; `path` is for errors. If another process holds
 * it, waits a second for the end of one that was just killed; then the error names it. */
int depot_lock(int fd, const char *path, struct warden_error *err);

#endif
