/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the control groups: the hierarchies that the daemon uses. */
#ifndef BACKENDS_LINUX_CGROUP_CGROUP_PRIVATE_H
#define BACKENDS_LINUX_CGROUP_CGROUP_PRIVATE_H

#include <pthread.h>

#include "backends/linux/cgroup/cgroup.h"
#include "backends/linux/host/depot_mark.h"

/* Controllers that the daemon uses. If v2 has the controller under another name or not at all, the
 * bit stands for the same ability. */
enum cgroup_controller {
	CGROUP_MEMORY = 1 << 0,
	CGROUP_CPU = 1 << 1,
	CGROUP_CPUACCT = 1 << 2,
	CGROUP_DEVICES = 1 << 3,
	CGROUP_PIDS = 1 << 4,
	CGROUP_FREEZER = 1 << 5,
	CGROUP_CPUSET = 1 << 6,
	CGROUP_IO = 1 << 7,     /* v1 calls it blkio */
	CGROUP_CONTROLLERS = 8, /* how many there are */
	CGROUP_ALL = (1 << CGROUP_CONTROLLERS) - 1,
};

/* On v2 these abilities exist without enabling a controller. */
#define CGROUP_V2_CORE (CGROUP_CPUACCT | CGROUP_DEVICES | CGROUP_FREEZER)

/* Controllers that only a few limits need. On v1, where each hierarchy makes a create slower, a
 * container's group is made when such a limit is set; on v2 the daemon works without them if its
 * own group does not have them. */
#define CGROUP_LATE (CGROUP_CPUSET | CGROUP_IO)

/* Names of groups. */
#define CGROUP_PARENT    "warden"    /* holds the containers' groups */
#define CGROUP_CONTAINER "instance-" /* before the id */
#define CGROUP_INNER     "container" /* below a container's group that bounds memory */
#define CGROUP_LEAF      "wardend"   /* holds the daemon itself, on v2 */

/* "instance-" and an id. */
#define CGROUP_NAME_SIZE 24

/* "/job-" and a number. */
#define CGROUP_JOB_SIZE 16

/* Of a group, relative to CGROUP_PARENT. */
#define CGROUP_PATH_SIZE (CGROUP_NAME_SIZE + sizeof("/" CGROUP_INNER) + CGROUP_JOB_SIZE)

/* Of a file of a group; the kernel's names are shorter than this. */
#define CGROUP_FILE_SIZE (CGROUP_PATH_SIZE + 64)

struct cgroup_hierarchy {
	bool v2;
	unsigned controllers; /* the ones used here */
	char *path;           /* of the group that holds CGROUP_PARENT, for the log */
	int base_fd;          /* that group; O_PATH */
	int fd;               /* CGROUP_PARENT; O_PATH. Keeps its number when the group is remade */
	bool in_leaf;         /* the daemon was moved to CGROUP_LEAF */
	char *own_path;       /* v1: as in /proc/self/cgroup, if base_fd is that group; else NULL */
};

/* See cgroup_warm.c. */
struct cgroup_warmer {
	const struct cgroup_hierarchy *hierarchy; /* NULL: no hierarchy is v1, nothing to do */
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	pthread_t thread;
	bool started, wanted, ending;
	uint64_t last_ms; /* when it was last wanted */
};

/* More than the number of controllers in use. */
#define CGROUP_HIERARCHIES 8

struct cgroups {
	const struct warden_host *host;
	struct cgroup_hierarchy hierarchies[CGROUP_HIERARCHIES];
	size_t n;
	pthread_mutex_t mutex; /* held while a CGROUP_PARENT is remade */
	struct cgroup_warmer warmer;
	const struct cgroup_weight *io_weight; /* NULL: the kernel has no weights */
	char mark[DEPOT_MARK_SIZE];            /* of the containers' groups */
	/* Bytes, CGROUP_NO_MEMORY_LIMIT: none; see cgroup_bound.c. */
	uint64_t bound, bound_all;
	uint64_t whole; /* bytes that they are shares of */
};

struct cgroup {
	struct cgroups *cgroups;
	char name[CGROUP_NAME_SIZE];
	char job[CGROUP_JOB_SIZE]; /* "/job-N": this is a job's group; else "" */
	bool bounded; /* where memory is, the processes are in CGROUP_INNER of its group */
	/* Limits that cannot be read back from the kernel in the form they were set. */
	uint64_t processes;  /* 0: no limit. pids.max is 0 while forks are forbidden */
	bool cpus_set;       /* to fewer than all */
	char cpus[256];      /* as last reported */
	bool swap_off;       /* v2 */
	uint64_t cpu_shares; /* v2: source of the weight; 0: none were set */
};

/* A mounted hierarchy and the daemon's group in it. */
struct cgroup_mount {
	char *mount_point;
	char *own_path;       /* the daemon's own group as in /proc/self/cgroup; or NULL */
	const char *own;      /* the same, relative to mount_point: "" or "/a/b" */
	unsigned controllers; /* v1 */
	bool v2;
	bool reachable; /* false: `own` is a stand-in */
};

/* Lists the mounted hierarchies; the caller frees them with cgroup_mounts_free. */
int cgroup_mounts_find(struct cgroup_mount *mounts, size_t max, size_t *n,
		       struct warden_error *err);
void cgroup_mounts_free(struct cgroup_mount *mounts, size_t n);

/* The path of the daemon's group as /proc/self/cgroup reports it now, to be freed; NULL if it is
 * not listed. */
char *cgroup_own_path(bool v2, unsigned controllers);

/* Speeds up the next attaches; returns at once. */
void cgroup_warm(struct cgroups *cgroups);
void cgroup_warmer_init(struct cgroups *cgroups);
void cgroup_warmer_free(struct cgroup_warmer *warmer);

/* Names of controllers as text: "memory, cpu". */
const char *cgroup_controllers_text(unsigned controllers, char *text, size_t size);
unsigned cgroup_controllers_parse(const char *text);

/* Finds a group that can hold CGROUP_PARENT, and makes it. On v2 also enables the controllers of
 * `wanted`; hierarchy->controllers holds the enabled ones afterwards. */
int cgroup_v1_setup(struct cgroup_hierarchy *hierarchy, const struct cgroup_mount *mount,
		    struct warden_error *err);
int cgroup_v2_setup(struct cgroup_hierarchy *hierarchy, const struct cgroup_mount *mount,
		    unsigned wanted, const struct warden_host *host, struct warden_error *err);

/* Enables controllers for the groups below `fd`. */
int cgroup_v2_enable(int fd, unsigned controllers, struct warden_error *err);

/* Makes a group in CGROUP_PARENT; remakes CGROUP_PARENT if another daemon has removed it. */
int cgroup_make_in(struct cgroups *cgroups, const struct cgroup_hierarchy *hierarchy,
		   const char *name, struct warden_error *err);

/* cgroup_tree.c: calls `visit` for each group directly below the one at `fd`, until it returns not
 * 0, which is then the result; -1 and errno if the group cannot be read. */
int cgroup_tree_foreach_child(int fd, int (*visit)(int fd, const char *name, void *data),
			      void *data);

/* Lists the processes in a group and those below, which the caller frees; and removes a group and
 * those below. -1 and errno. */
int cgroup_tree_pids(int parent_fd, const char *name, pid_t **pids, size_t *n);
int cgroup_tree_remove(int parent_fd, const char *name);

/* Finds the file that this kernel has for weights of block I/O. */
void cgroup_find_io_weight(struct cgroups *cgroups);

/* cgroup_bound.c. Reads the options and finds what they are shares of. */
int cgroup_bounds_find(struct cgroups *cgroups, struct warden_error *err);
/* Whether the options can be read; without any hierarchy. */
int cgroup_bounds_check(const struct warden_host *host, struct warden_error *err);
/* Bounds all containers below the CGROUP_PARENT at `fd`. A failure is logged. */
void cgroup_bound_all(const struct cgroups *cgroups, const struct cgroup_hierarchy *hierarchy,
		      int fd);
void cgroup_bound_describe(const struct cgroups *cgroups, const struct host_report *to);
/* Bounds and counts the buffers of TCP of the group `path` below the hierarchy's: v1 does neither
 * with the group's memory, nor for a group without a limit of its own, and the groups above count
 * what is in it. At the bound the kernel takes and sends less. */
int cgroup_bound_tcp(const struct cgroups *cgroups, const struct cgroup_hierarchy *hierarchy,
		     const char *path, struct warden_error *err);

/* Bounds the container's group, which is new, and makes CGROUP_INNER in it. */
int cgroup_bound_make(const struct cgroup *cgroup, const struct cgroup_hierarchy *hierarchy,
		      struct warden_error *err);
/* The bound in force; WARDEN_UNKNOWN: none. */
uint64_t cgroup_bound_get(const struct cgroup *cgroup);
/* Lets the container use what its client has allowed, but at least the bound. */
int cgroup_bound_follow(const struct cgroup *cgroup, uint64_t bytes, struct warden_error *err);

/* As cgroup_pids, for one hierarchy. */
int cgroup_pids_in(const struct cgroup *cgroup, const struct cgroup_hierarchy *hierarchy,
		   pid_t **pids, size_t *n, struct warden_error *err);

/* Whether containers get a group in this hierarchy only when a limit needs it. cgroup_join makes
 * that group and moves all of the container's processes into it; calling it again is harmless. */
bool cgroup_is_late(const struct cgroup_hierarchy *hierarchy);
int cgroup_join(const struct cgroup *cgroup, enum cgroup_controller controller,
		struct warden_error *err);

/* Moves the daemon back out of CGROUP_LEAF, after CGROUP_PARENT was removed. */
void cgroup_v2_leave_leaf(const struct cgroup_hierarchy *hierarchy);

/* Makes CGROUP_PARENT if it does not exist, and opens it with a shared lock (flock(2)), which keeps
 * other daemons from removing it. Returns -1 and sets `err` on failure. */
int cgroup_parent_open(const struct cgroup_hierarchy *hierarchy, struct warden_error *err);

/* Removes CGROUP_PARENT. -1: it holds containers, or another daemon has locked it. */
int cgroup_parent_remove(int base_fd);

/* Refuses all devices except the harmless ones for the groups below `fd`, which is a CGROUP_PARENT.
 */
int cgroup_devices_refuse(const struct cgroup_hierarchy *hierarchy, int fd,
			  struct warden_error *err);

/* Files of groups, by a path relative to `dir_fd`. Reading stores a NUL-terminated text, cut at
 * `size`, and returns its length or -1. */
int cgroup_file_write(int dir_fd, const char *path, const char *text, struct warden_error *err);
ssize_t cgroup_file_read(int dir_fd, const char *path, char *text, size_t size);

/* The path of the group with the processes, or of a file of it ("": the group), relative to
 * CGROUP_PARENT. */
const char *cgroup_path(const struct cgroup *cgroup, const struct cgroup_hierarchy *hierarchy,
			const char *file, char path[CGROUP_FILE_SIZE]);

/* Files of a container's group, by name; those of memory are of the group with the processes,
 * others of the one that has the container's name. A number may be "max", which is read as `max`;
 * it is WARDEN_UNKNOWN if it cannot be read. */
ssize_t cgroup_read(const struct cgroup *cgroup, enum cgroup_controller controller,
		    const char *name, char *text, size_t size);
uint64_t cgroup_read_number(const struct cgroup *cgroup, enum cgroup_controller controller,
			    const char *name, uint64_t max);
int cgroup_write(const struct cgroup *cgroup, enum cgroup_controller controller, const char *name,
		 const char *text, struct warden_error *err);
int cgroup_write_number(const struct cgroup *cgroup, enum cgroup_controller controller,
			const char *name, uint64_t number, struct warden_error *err);

/* Opens one; returns -1 and sets errno on failure. */
int cgroup_open_file(const struct cgroup *cgroup, enum cgroup_controller controller,
		     const char *name, int flags);

/* The number after a name in a text of lines "NAME NUMBER"; WARDEN_UNKNOWN if the name is missing.
 */
uint64_t cgroup_figure(const char *text, const char *name);

/* Whether a controller is on v2; false also if it is not available. */
bool cgroup_is_v2(const struct cgroup *cgroup, enum cgroup_controller controller);

/* Value of v1's memory.limit_in_bytes without a limit. */
#define CGROUP_NO_MEMORY_LIMIT UINT64_C(9223372036854771712)

/* The hierarchy that has a controller, or NULL. */
const struct cgroup_hierarchy *cgroup_hierarchy_of(const struct cgroups *cgroups,
						   enum cgroup_controller controller);

#endif
