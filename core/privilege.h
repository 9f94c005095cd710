/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's capabilities: it keeps those that its backend declares and drops the others, for
 * itself and for all that it starts. */
#ifndef CORE_PRIVILEGE_H
#define CORE_PRIVILEGE_H

#include "warden/backend.h"

/* Reduces the process's capabilities to those in `keep` (bit N for capability N): permitted,
 * effective and bounding set. Clears inheritable and ambient ones. `*missing` receives the
 * capabilities in `keep` that the process did not have. Called once, before there is a second
 * thread. Returns 0, or -1 and `err`. */
int privilege_reduce(uint64_t keep, uint64_t *missing, struct warden_error *err);

/* `*missing` receives the capabilities in `keep` that the process does not have. Returns 0, or -1
 * and `err`. */
int privilege_missing(uint64_t keep, uint64_t *missing, struct warden_error *err);

/* Writes the names of the capabilities in a mask, separated by blanks ("cap_chown cap_kill"). */
void privilege_names(uint64_t mask, char *out, size_t size);

#endif
