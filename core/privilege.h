/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities of the daemon's: it keeps those that its backend declares and gives the others up,
 * for itself and all that it starts. */
#ifndef CORE_PRIVILEGE_H
#define CORE_PRIVILEGE_H

#include "warden/backend.h"

/* Keeps of the capabilities that the process has those in `keep` (bit N for capability N), as
 * permitted and effective, and as the bound for what it executes; inheritable and ambient ones go.
 * `*missing` is what of `keep` it did not have. Called once, before there is any thread. */
int privilege_reduce(uint64_t keep, uint64_t *missing, struct warden_error *err);

/* Of the capabilities in `keep`, those that the process does not have. */
int privilege_missing(uint64_t keep, uint64_t *missing, struct warden_error *err);

/* Writes the names of the capabilities in a mask, separated by blanks ("cap_chown cap_kill"). */
void privilege_names(uint64_t mask, char *out, size_t size);

#endif
