/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container's control groups in the mounted hierarchies, v1, v2 or both: `warden/instance-ID`
 * below the daemon's own group in each. Where memory is, that group bounds it, and the processes
 * are in `warden/instance-ID/container`, which has the limit that a client sets. A container keeps
 * no descriptor; each call opens the files it needs below the hierarchy's `warden`.
 *
 * Thread-safe except cgroups_setup and cgroups_free; calls for the same container must not run at
 * the same time.
 */
#ifndef BACKENDS_LINUX_CGROUP_CGROUP_H
#define BACKENDS_LINUX_CGROUP_CGROUP_H

#include "backends/linux/host/host_report.h"
#include <limits.h>

#include "warden/backend.h"

struct cgroups; /* of the daemon */
struct cgroup;  /* of a container */

/* Entry for the options of the klass: the limit on processes and threads of each container. The
 * default allows the 1,024 processes of `nproc`, init, and a keeper for each of some 250 jobs at a
 * time. */
#define CGROUP_PROCESS_LIMIT "process_limit"
#define CGROUP_OPTION                                                                              \
	{                                                                                          \
		.name = CGROUP_PROCESS_LIMIT, .type = WARDEN_OPTION_INTEGER, .min = 16,            \
		.max = 4194304, .number = 1280,                                                    \
		.meaning = "the most processes and threads of a container, init and the keeper "   \
			   "of each job included",                                                 \
	}

/* Entries for the options of the klass: bounds of memory, see cgroup_bound.c. */
#define CGROUP_BOUND     "memory_bound"
#define CGROUP_BOUND_ALL "memory_bound_all"
#define CGROUP_BOUND_OPTIONS                                                                       \
	{                                                                                          \
		.name = CGROUP_BOUND,                                                              \
		.type = WARDEN_OPTION_STRING,                                                      \
		.text = "50%",                                                                     \
		.meaning = "the most memory of a container without a limit: bytes, a share of "    \
			   "what the daemon may use (\"50%\"), or \"none\"",                       \
	},                                                                                         \
	{                                                                                          \
		.name = CGROUP_BOUND_ALL, .type = WARDEN_OPTION_STRING, .text = "90%",             \
		.meaning = "the most memory of all containers together: bytes, a share of what "   \
			   "the daemon may use, or \"none\"",                                      \
	}

/* Finds the hierarchies, makes `warden` in each and sets the device rules there; the containers'
 * groups inherit them. On v2 the daemon may be moved into a leaf `wardend` of its own group, so
 * call this before any helper is forked. Missing controllers are logged. Fails if devices cannot be
 * refused and no user namespace refuses them either. */
int cgroups_setup(const struct warden_host *host, struct cgroups **cgroups,
		  struct warden_error *err);

/* Fails where cgroups_setup would, as far as the options and the mounts tell; changes nothing. */
int cgroups_check(const struct warden_host *host, struct warden_error *err);

/* The bound of memory of a container, in bytes; without one that of all, or of the machine. */
uint64_t cgroups_bound(const struct cgroups *cgroups);

/* Removes the `warden` groups that are empty. */
void cgroups_free(struct cgroups *cgroups);

/* Reports the controllers in use; if `cgroups` is NULL, the ones that could be used. */
void cgroups_describe(const struct cgroups *cgroups, const struct host_report *to);

/* Makes the container's groups, with its limit on processes. */
int cgroup_make(struct cgroups *cgroups, const char *id, struct cgroup **cgroup,
		struct warden_error *err);

/* Opens the groups of a container of an earlier daemon; some or all may be missing. Fails only if
 * there is no memory. */
int cgroup_open(struct cgroups *cgroups, const char *id, struct cgroup **cgroup,
		struct warden_error *err);

/* Marks the groups of a container, which exist, as those of this depot. */
void cgroup_mark(const struct cgroup *cgroup);

/* For a clean, without cgroups_setup. Finds the groups `warden/instance-ID` of all hierarchies
 * below their mount points; `mark` is that of a depot or empty. */
typedef void cgroup_clean_found(void *data, const char *id, const char *path, const char *mark,
				bool has_processes);
int cgroup_clean_find(cgroup_clean_found *found, void *data, struct warden_error *err);

/* Kills every process in a group that was found, thawed before, and waits for their end; removes
 * the group, and its parent if that is empty. */
void cgroup_clean_thaw(const char *path);
int cgroup_clean_kill(const char *path, struct warden_error *err);
int cgroup_clean_remove(const char *path, struct warden_error *err);

/* Opens the container's v2 group for CLONE_INTO_CGROUP; the caller closes it. `*fd` is -1 if no
 * controller is on v2. */
int cgroup_v2_open(const struct cgroup *cgroup, int *fd, struct warden_error *err);

/* Moves a process (pid in the daemon's pid namespace) into the container's v1 groups; its later
 * children are born there. Does nothing if all controllers are on v2. */
int cgroup_attach(const struct cgroup *cgroup, pid_t pid, struct warden_error *err);

/* Moves a process into a leaf below the container's v2 group, so that the container itself can
 * enable controllers for further groups there. Does nothing if no controller is on v2. */
int cgroup_enter_leaf(const struct cgroup *cgroup, pid_t pid, struct warden_error *err);

/* Path of one of a container's groups, for mounts of it. */
struct cgroup_place {
	char name[16]; /* name of the controller; "unified" for v2 */
	char path[PATH_MAX];
};

/* Fills in the place with index `i`, from 0; false if there are no more. Also works in the set-up
 * child, which has none of the descriptors. */
bool cgroup_place(const struct cgroups *cgroups, const char *id, size_t i,
		  struct cgroup_place *place);

/* With `forbid`, no process in the container's groups can fork, so that killing all of them comes
 * to an end; without, the limit on processes is set again. */
int cgroup_forbid_forks(const struct cgroup *cgroup, bool forbid, struct warden_error *err);

/* Whether forks are forbidden, maybe by an earlier daemon. */
bool cgroup_forbids_forks(const struct cgroup *cgroup);

/* Lists every process in the container's groups and in those below, as pids of the daemon's pid
 * namespace; some may have ended meanwhile. The caller frees `*pids` (NULL if there are none). */
int cgroup_pids(const struct cgroup *cgroup, pid_t **pids, size_t *n, struct warden_error *err);

/* Limits: each setter applies its own fields of `limits`, all or none; each getter fills in the
 * values the kernel reports. Memory is limited together with swap. */
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
/* The text belongs to the container and is valid until the next call. */
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

/* Processes and threads; 0: no limit. While forks are `forbidden` the new limit is only recorded
 * and applies once they are allowed again. */
int cgroup_set_processes(struct cgroup *cgroup, uint64_t processes, bool forbidden,
			 struct warden_error *err);
uint64_t cgroup_get_processes(const struct cgroup *cgroup);

/* Freezes or thaws every process in the container's groups; returns when that is done. */
int cgroup_freeze(const struct cgroup *cgroup, bool frozen, struct warden_error *err);
bool cgroup_is_frozen(const struct cgroup *cgroup);

/* Notification of memory running out: poll `fd` for `events`. */
struct cgroup_oom {
	int fd;
	uint32_t events; /* for epoll */
	uint64_t count;  /* v2: the count at the last read */
};
int cgroup_oom_open(const struct cgroup *cgroup, struct cgroup_oom *oom, struct warden_error *err);

/* Consumes an event of the descriptor; true if the container's own limit was reached. */
bool cgroup_oom_take(const struct cgroup *cgroup, struct cgroup_oom *oom);

/* Number of the container's processes that the kernel killed because memory ran out; on v2
 * including those of groups below (cgroup_counts_below is true then). */
uint64_t cgroup_oom_kills(const struct cgroup *cgroup);
bool cgroup_counts_below(const struct cgroup *cgroup);

/* How often memory has run out under the container's own limit, since the container was made. */
uint64_t cgroup_oom_count(const struct cgroup *cgroup);

/* Fills in memory and cpu figures; a figure that the kernel does not report is left unchanged. */
void cgroup_info(const struct cgroup *cgroup, struct warden_info *info);

/* Removes the container's groups and all below them; groups that are gone already are no error.
 * err->number is EBUSY while processes remain (dying ones too): try again later. */
int cgroup_remove(struct cgroup *cgroup, struct warden_error *err);

/* Frees the handle; the groups stay. NULL is allowed. */
void cgroup_free(struct cgroup *cgroup);

#endif
