/* SPDX-License-Identifier: Apache-2.0 */
/* The linux backend itself, as its files share it. A container is in linux_container.h. */
#ifndef LINUX_LINUX_H
#define LINUX_LINUX_H

#include "backends/linux/run/disk_quota.h"
#include "warden/backend.h"

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#endif

enum {
	/* Ids of a container: its range on the host, and how many there are inside. */
	ID_RANGE = 65536,
};

/* Whether new containers have a user namespace of their own: those that may run a warden do not,
 * since neither control groups of devices nor device nodes are for root of such a namespace. */
static inline bool linux_user_namespace(const struct warden_settings *settings)
{
	return settings->user_namespace && !settings->allow_nested_warden;
}

/* The host's id of root in a new container of that slot; 0 without user namespaces. */
static inline uint32_t linux_base(const struct warden_settings *settings, uint32_t slot)
{
	return linux_user_namespace(settings) ? settings->range_start + slot * ID_RANGE : 0;
}

struct linux_backend {
	const struct warden_host *host;
	int program_fd;    /* wshd, as it is executed */
	int64_t terminals; /* the most of a container */
	const char *lang;  /* the daemon's, for jobs; NULL: none */
	int union_kind;    /* enum union_kind; see union.h */
	struct cgroups *cgroups;
	struct linux_spawner *spawner;
	struct net *net;
	struct firewall *firewall;
	struct watcher *watcher;
	struct cleanup_thread *cleanup;
	struct disk_quota quota;
};

#endif
