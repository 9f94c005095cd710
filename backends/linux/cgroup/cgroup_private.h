/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the control groups share: the hierarchies that the daemon uses. */
#ifndef BACKENDS_LINUX_CGROUP_CGROUP_PRIVATE_H
#define BACKENDS_LINUX_CGROUP_CGROUP_PRIVATE_H

#include <pthread.h>

#include "backends/linux/cgroup/cgroup.h"

/* What the daemon wants of the kernel. Where v2 has a controller of another name or none, the bit
 * stands for the same ability. */
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

/* On v2 these are always there, without being enabled. */
#define CGROUP_V2_CORE (CGROUP_CPUACCT | CGROUP_DEVICES | CGROUP_FREEZER)

/* What only few limits need. On v1, where each hierarchy makes a create slower, a container's group
 * is made when such a limit is set; on v2 the daemon does without where its own group has none. */
#define CGROUP_LATE (CGROUP_CPUSET | CGROUP_IO)

/* Names of groups. */
#define CGROUP_PARENT "warden"  /* of the daemon's, in which the containers' lie */
#define CGROUP_LEAF   "wardend" /* of the daemon itself, on v2 */

/* "instance-" and an id; of a job "/job-" and a number behind it. */
#define CGROUP_NAME_SIZE 48

struct cgroup_hierarchy {
	bool v2;
	unsigned controllers; /* those that are used here */
	char *path;           /* of the group in which CGROUP_PARENT lies, for the log */
	int base_fd;          /* of that group; O_PATH */
	int fd;         /* of CGROUP_PARENT; O_PATH. Keeps its number when the group is remade */
	bool in_leaf;   /* the daemon was moved to CGROUP_LEAF */
	char *own_path; /* v1: as /proc/self/cgroup tells it, when base_fd is that; else NULL */
};

/* See cgroup_warm.c. */
struct cgroup_warmer {
	const struct cgroup_hierarchy *hierarchy; /* NULL: none is v1, nothing to do */
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	pthread_t thread;
	bool started, wanted, ending;
	uint64_t last_ms; /* when it was wanted last */
};

/* More than the kernel has controllers that we use. */
#define CGROUP_HIERARCHIES 8

struct cgroups {
	const struct warden_host *host;
	struct cgroup_hierarchy hierarchies[CGROUP_HIERARCHIES];
	size_t n;
	pthread_mutex_t mutex; /* while a CGROUP_PARENT is remade */
	struct cgroup_warmer warmer;
	const struct cgroup_weight *io_weight; /* NULL: the kernel has none */
};

struct cgroup {
	struct cgroups *cgroups;
	char name[CGROUP_NAME_SIZE];
	/* Limits that the kernel keeps in another form. */
	uint64_t processes;  /* pids.max is 0 while forks are forbidden; 0: none */
	bool cpus_set;       /* to less than all */
	char cpus[256];      /* as they were told last */
	bool swap_off;       /* v2 */
	uint64_t cpu_shares; /* v2: those that the weight was made of; 0: none were set */
};

/* A mounted hierarchy and where in it the daemon is. */
struct cgroup_mount {
	char *mount_point;
	char *own_path;       /* the daemon's own group as /proc/self/cgroup tells it; or NULL */
	const char *own;      /* the same below mount_point: "" or "/a/b" */
	unsigned controllers; /* v1 */
	bool v2;
	bool reachable; /* false: own is a stand-in */
};

/* Reads what is mounted; the caller frees with cgroup_mounts_free. */
int cgroup_mounts_find(struct cgroup_mount *mounts, size_t max, size_t *n,
		       struct warden_error *err);
void cgroup_mounts_free(struct cgroup_mount *mounts, size_t n);

/* The path of the daemon's group as /proc/self/cgroup tells it now; to be freed. NULL: not there.
 */
char *cgroup_own_path(bool v2, unsigned controllers);

/* Makes the next attaches quick; returns at once. */
void cgroup_warm(struct cgroups *cgroups);
void cgroup_warmer_init(struct cgroups *cgroups);
void cgroup_warmer_free(struct cgroup_warmer *warmer);

/* Text for people: "memory, cpu". */
const char *cgroup_controllers_text(unsigned controllers, char *text, size_t size);
unsigned cgroup_controllers_parse(const char *text);

/* Finds the group in which CGROUP_PARENT can lie, and makes it. On v2 also enables controllers of
 * `wanted`; hierarchy->controllers tells which. */
int cgroup_v1_setup(struct cgroup_hierarchy *hierarchy, const struct cgroup_mount *mount,
		    struct warden_error *err);
int cgroup_v2_setup(struct cgroup_hierarchy *hierarchy, const struct cgroup_mount *mount,
		    unsigned wanted, const struct warden_host *host, struct warden_error *err);

/* Enables controllers for what lies in the group `fd`. */
int cgroup_v2_enable(int fd, unsigned controllers, struct warden_error *err);

/* Makes a group in CGROUP_PARENT, which another daemon may have removed. */
int cgroup_make_in(struct cgroups *cgroups, const struct cgroup_hierarchy *hierarchy,
		   const char *name, struct warden_error *err);

/* Looks which files for weights of block I/O there are. */
void cgroup_find_io_weight(struct cgroups *cgroups);

/* As cgroup_pids, of one hierarchy. */
int cgroup_pids_in(const struct cgroup *cgroup, const struct cgroup_hierarchy *hierarchy,
		   pid_t **pids, size_t *n, struct warden_error *err);

/* Whether containers have no group in a hierarchy before it is needed, and what makes it then, with
 * all processes of the container in it; it may be called again. */
bool cgroup_is_late(const struct cgroup_hierarchy *hierarchy);
int cgroup_join(const struct cgroup *cgroup, enum cgroup_controller controller,
		struct warden_error *err);

/* Moves the daemon back out of CGROUP_LEAF, after CGROUP_PARENT was removed. */
void cgroup_v2_leave_leaf(const struct cgroup_hierarchy *hierarchy);

/* Makes CGROUP_PARENT, or finds it there, and opens it (O_PATH). -1 and `err` on failure. */
int cgroup_parent_open(const struct cgroup_hierarchy *hierarchy, struct warden_error *err);

/* Refuses all devices but the harmless ones for what lies in `fd`, which is a CGROUP_PARENT. */
int cgroup_devices_refuse(const struct cgroup_hierarchy *hierarchy, int fd,
			  struct warden_error *err);

/* Files of groups, by a path relative to `dir_fd`. Reading gives a text that ends in NUL, cut at
 * `size`; its length or -1. */
int cgroup_file_write(int dir_fd, const char *path, const char *text, struct warden_error *err);
ssize_t cgroup_file_read(int dir_fd, const char *path, char *text, size_t size);

/* Files of a container's group, by their names. A number may be "max", which then is `max`; it is
 * WARDEN_UNKNOWN where it cannot be read. */
ssize_t cgroup_read(const struct cgroup *cgroup, enum cgroup_controller controller,
		    const char *name, char *text, size_t size);
uint64_t cgroup_read_number(const struct cgroup *cgroup, enum cgroup_controller controller,
			    const char *name, uint64_t max);
int cgroup_write(const struct cgroup *cgroup, enum cgroup_controller controller, const char *name,
		 const char *text, struct warden_error *err);
int cgroup_write_number(const struct cgroup *cgroup, enum cgroup_controller controller,
			const char *name, uint64_t number, struct warden_error *err);

/* Opens one; -1 with errno. */
int cgroup_open_file(const struct cgroup *cgroup, enum cgroup_controller controller,
		     const char *name, int flags);

/* The number behind a name in a text of lines "NAME NUMBER"; WARDEN_UNKNOWN: it is not there. */
uint64_t cgroup_figure(const char *text, const char *name);

/* Whether a controller is on v2; false as well where it is not there at all. */
bool cgroup_is_v2(const struct cgroup *cgroup, enum cgroup_controller controller);

/* What v1 tells where memory has no limit. */
#define CGROUP_NO_MEMORY_LIMIT UINT64_C(9223372036854771712)

/* The hierarchy that has a controller, or NULL. */
const struct cgroup_hierarchy *cgroup_hierarchy_of(const struct cgroups *cgroups,
						   enum cgroup_controller controller);

#endif
