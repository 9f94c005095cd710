/* SPDX-License-Identifier: Apache-2.0 */
/* The state of the linux backend that its files share. A container's state is in
 * run/linux_container.h. */
#ifndef LINUX_LINUX_H
#define LINUX_LINUX_H

#include "backends/linux/host/host_claim.h"
#include "backends/linux/run/disk_quota.h"
#include "warden/backend.h"

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#endif

enum {
	/* Number of user ids (and of group ids) of a container, inside and on the host. */
	ID_RANGE = 65536,
};

/* Whether a new container has its own user namespace. A container that may run a warden has none,
 * because root of a user namespace can neither use the devices controller nor make device nodes. */
static inline bool linux_user_namespace(const struct warden_settings *settings)
{
	return settings->user_namespace && !settings->allow_nested_warden;
}

/* The host id of root in a new container of this slot; 0 without user namespaces. */
static inline uint32_t linux_base(const struct warden_settings *settings, uint32_t slot)
{
	return linux_user_namespace(settings) ? settings->range_start + slot * ID_RANGE : 0;
}

struct linux_backend {
	const struct warden_host *host;
	int program_fd;        /* wshd, to be executed */
	int64_t terminals;     /* the most terminals of a container */
	uint64_t capabilities; /* that jobs may have; see create/capabilities.h */
	const char *lang;      /* LANG of the daemon, for jobs; NULL if unset */
	int union_kind;        /* enum union_kind; see union.h */
	uint64_t shm_bytes;    /* of /dev/shm, and of System V shared memory */
	int oom_score;         /* of process 1 of a container */
	struct cgroups *cgroups;
	struct linux_spawner *spawner;
	struct net *net;
	struct firewall *firewall;
	struct watcher *watcher;
	struct cleanup_thread *cleanup;
	struct disk_quota quota;
	struct host_claim claim;
	struct seccomp *seccomp;
};

#endif
