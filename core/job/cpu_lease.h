/* SPDX-License-Identifier: Apache-2.0 */
/* Cpus that are leased to one job each. Jobs without a lease may run on them all the same: what is
 * promised is that no two leases meet. */
#ifndef CORE_JOB_CPU_LEASE_H
#define CORE_JOB_CPU_LEASE_H

#include "warden/backend.h"

struct server;

/* Takes a cpu that the daemon may use and nobody has leased, of those that `cpus` lists (NULL:
 * any). Its number; or -1 and `err`. */
int cpu_lease_take(struct server *server, const char *cpus, struct warden_error *err);

/* After a restart: takes this one. False: it is not to be had. */
bool cpu_lease_take_cpu(struct server *server, int cpu);

/* Gives it back; -1: nothing. */
void cpu_lease_give(struct server *server, int cpu);

/* Frees what the server's leases take. */
void cpu_lease_free(struct server *server);

/* Whether the text is a list as cpuset.cpus takes it ("0-2,4"). Sets a flag for each cpu that it
 * names and `flags` (NULL: none) has room for. */
bool cpu_list_read(const char *text, bool *flags, unsigned n_flags);

#endif
