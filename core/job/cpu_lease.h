/* SPDX-License-Identifier: Apache-2.0 */
/* Cpus that are leased to one job each. Jobs without a lease may still run on them: only that no
 * two leases share a cpu is guaranteed. */
#ifndef CORE_JOB_CPU_LEASE_H
#define CORE_JOB_CPU_LEASE_H

#include "warden/backend.h"

struct server;

/* Takes a free cpu of the daemon's affinity mask, of those that `cpus` lists (NULL: any). Returns
 * its number; or -1 and `err`. */
int cpu_lease_take(struct server *server, const char *cpus, struct warden_error *err);

/* Takes this cpu, after a restart. False: it is not available. */
bool cpu_lease_take_cpu(struct server *server, int cpu);

/* Returns a lease; -1: does nothing. */
void cpu_lease_give(struct server *server, int cpu);

/* Frees the server's table of leases. */
void cpu_lease_free(struct server *server);

/* Whether the text is a list in the format of cpuset.cpus ("0-2,4"). Sets the flag of each cpu in
 * the list that is below `n_flags`; `flags` may be NULL. */
bool cpu_list_read(const char *text, bool *flags, unsigned n_flags);

#endif
