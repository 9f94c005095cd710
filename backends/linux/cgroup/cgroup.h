/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container's control groups, v1, v2 or both, as they are found mounted: `warden/instance-ID`
 * below the daemon's own group in each hierarchy. A container keeps no descriptor; each call opens
 * what it needs below the hierarchy's `warden`.
 *
 * Every function but cgroups_setup and cgroups_free may be called from several threads at once,
 * for one container by one at a time.
 */
#ifndef BACKENDS_LINUX_CGROUP_CGROUP_H
#define BACKENDS_LINUX_CGROUP_CGROUP_H

#include "backends/linux/create/host_report.h"
#include <limits.h>

#include "warden/backend.h"

struct cgroups; /* of the daemon */
struct cgroup;  /* of a container */

/* The entry for the klass's options: the limit on processes and threads that each container gets.
 * The default leaves room for the 1,024 processes of `nproc` with init and a keeper for some 250
 * jobs at a time. */
#define CGROUP_PROCESS_LIMIT "process_limit"
#define CGROUP_OPTION                                                                              \
	{                                                                                          \
		.name = CGROUP_PROCESS_LIMIT, .type = WARDEN_OPTION_INTEGER, .min = 16,            \
		.max = 4194304, .number = 1280,                                                    \
		.meaning = "the most processes and threads of a container, init and the keeper "   \
			   "of each job included",                                                 \
	}

/* Finds the hierarchies, makes `warden` in each and sets the device rules there, from which every
 * container's group has them. On v2 the daemon may be moved into a leaf `wardend` of its own group:
 * so it is to be called before any helper is forked. What is missing is logged; it fails where
 * devices cannot be refused and there is no user namespace that refuses them too. */
int cgroups_setup(const struct warden_host *host, struct cgroups **cgroups,
		  struct warden_error *err);

/* Removes those `warden` groups that are empty. */
void cgroups_free(struct cgroups *cgroups);

/* Tells which controllers are used; `cgroups` NULL: which ones could be. */
void cgroups_describe(const struct cgroups *cgroups, const struct description *to);

/* Makes the container's groups, with its limit on processes. */
int cgroup_make(struct cgroups *cgroups, const char *id, struct cgroup **cgroup,
		struct warden_error *err);

/* The groups of a container of an earlier daemon; some or all may be missing. Fails only for want
 * of memory. */
int cgroup_open(struct cgroups *cgroups, const char *id, struct cgroup **cgroup,
		struct warden_error *err);

/* A new descriptor of the container's group on v2, for CLONE_INTO_CGROUP; the caller closes it.
 * `*fd` is -1 where no controller is on v2. */
int cgroup_v2_open(const struct cgroup *cgroup, int *fd, struct warden_error *err);

/* Moves a process (a number of the daemon's pid namespace) into the container's groups on v1; what
 * it forks afterwards is born there. Does nothing where all controllers are on v2. */
int cgroup_attach(const struct cgroup *cgroup, pid_t pid, struct warden_error *err);

/* Moves a process into a group of its own below the container's on v2, so that the container itself
 * can enable controllers for further groups there. Does nothing where no controller is on v2. */
int cgroup_enter_leaf(const struct cgroup *cgroup, pid_t pid, struct warden_error *err);

/* Where a container's groups are, for mounts of them. */
struct cgroup_place {
	char name[16]; /* the controller's; "unified": v2 */
	char path[PATH_MAX];
};

/* The place number `i`, from 0 on; false: there are no more. Also for the set-up child, which has
 * none of the descriptors. */
bool cgroup_place(const struct cgroups *cgroups, const char *id, size_t i,
		  struct cgroup_place *place);

/* While it is forbidden nothing in the container's groups can fork, so that a stop that is to leave
 * nobody comes to an end; else the limit on processes holds again. */
int cgroup_forbid_forks(const struct cgroup *cgroup, bool forbid, struct warden_error *err);

/* Every process in the container's groups and in those below, as numbers of the daemon's pid
 * namespace; some may have ended since. The caller frees `*pids` (NULL when there is none). */
int cgroup_pids(const struct cgroup *cgroup, pid_t **pids, size_t *n, struct warden_error *err);

/* Limits: each setter sets what `limits` holds of its own, whole or not at all; each getter fills
 * in what the kernel tells of it. Memory is limited together with swap. */
int cgroup_set_memory(struct cgroup *cgroup, const struct warden_limits *limits,
		      struct warden_error *err);
void cgroup_get_memory(const struct cgroup *cgroup, struct warden_limits *limits);
int cgroup_set_cpu_shares(struct cgroup *cgroup, const struct warden_limits *limits,
			  struct warden_error *err);
void cgroup_get_cpu_shares(const struct cgroup *cgroup, struct warden_limits *limits);

int cgroup_set_swap(struct cgroup *cgroup, const struct warden_limits *limits,
		    struct warden_error *err);
void cgroup_get_swap(const struct cgroup *cgroup, struct warden_limits *limits);
int cgroup_set_cpu_quota(struct cgroup *cgroup, const struct warden_limits *limits,
			 struct warden_error *err);
void cgroup_get_cpu_quota(const struct cgroup *cgroup, struct warden_limits *limits);
int cgroup_set_cpus(struct cgroup *cgroup, const struct warden_limits *limits,
		    struct warden_error *err);
/* The text is the container's until the next call. */
void cgroup_get_cpus(struct cgroup *cgroup, struct warden_limits *limits);
int cgroup_set_io_weight(struct cgroup *cgroup, const struct warden_limits *limits,
			 struct warden_error *err);
void cgroup_get_io_weight(const struct cgroup *cgroup, struct warden_limits *limits);
int cgroup_set_io_read(struct cgroup *cgroup, const struct warden_limits *limits,
		       struct warden_error *err);
int cgroup_set_io_write(struct cgroup *cgroup, const struct warden_limits *limits,
			struct warden_error *err);
void cgroup_get_io_read(const struct cgroup *cgroup, struct warden_limits *limits);
void cgroup_get_io_write(const struct cgroup *cgroup, struct warden_limits *limits);

/* Processes and threads; 0: no limit. While forks are `forbidden` it is for afterwards. */
int cgroup_set_processes(struct cgroup *cgroup, uint64_t processes, bool forbidden,
			 struct warden_error *err);
uint64_t cgroup_get_processes(const struct cgroup *cgroup);

/* Freezes every process in the container's groups, or lets them go on; returns when that is done.
 */
int cgroup_freeze(const struct cgroup *cgroup, bool frozen, struct warden_error *err);
bool cgroup_is_frozen(const struct cgroup *cgroup);

/* What tells that memory has run out: a descriptor to be watched for `events`. -1 and `err`. */
struct cgroup_oom {
	int fd;
	uint32_t events; /* of epoll */
	uint64_t count;  /* v2: how often it had run out at the last look */
};
int cgroup_oom_open(const struct cgroup *cgroup, struct cgroup_oom *oom, struct warden_error *err);

/* Takes an event from the descriptor: whether it was the container's own limit. */
bool cgroup_oom_take(const struct cgroup *cgroup, struct cgroup_oom *oom);

/* How many of its processes the kernel has ended for want of memory; on v2 with those of groups
 * below. */
uint64_t cgroup_oom_kills(const struct cgroup *cgroup);
bool cgroup_counts_below(const struct cgroup *cgroup);

/* How often memory has run out under the container's own limit, since it was made. */
uint64_t cgroup_oom_count(const struct cgroup *cgroup);

/* Fills in memory and cpu figures; what the kernel does not tell stays as it is. */
void cgroup_info(const struct cgroup *cgroup, struct warden_info *info);

/* Removes the container's groups and all below them. Those that are gone are no failure.
 * err->number is EBUSY while processes (dying ones too) are left: try again later. */
int cgroup_remove(struct cgroup *cgroup, struct warden_error *err);

/* Forgets the container without touching its groups. NULL is allowed. */
void cgroup_free(struct cgroup *cgroup);

#endif
