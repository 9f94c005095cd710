/* SPDX-License-Identifier: Apache-2.0 */
/* A job's own control groups; see cgroup_job.h. */
#include "backends/linux/cgroup/cgroup_job.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/linux/cgroup/cgroup_private.h"
#include "lib/cleanup.h"

#define JOB_PREFIX "job-"

/* A process that is forked while the others are moved is found in the next round. */
#define ROUNDS 100

/* Controllers for a job's figures and limits. */
#define JOB_CONTROLLERS (CGROUP_CPUACCT | CGROUP_MEMORY | CGROUP_PIDS)

/* A job's group is a struct cgroup below the container's. */
static struct cgroup cgroup_job_group(const struct cgroup *container, uint32_t job_id)
{
	struct cgroup group = {.cgroups = container->cgroups, .bounded = container->bounded};

	memcpy(group.name, container->name, sizeof(group.name));
	snprintf(group.job, sizeof(group.job), "/" JOB_PREFIX "%" PRIu32, job_id);
	return group;
}

/* Calls `visit` for each hierarchy in which a job has a group, until one call fails. */
static int cgroup_job_foreach_hierarchy(const struct cgroup *group,
					int (*visit)(const struct cgroup_hierarchy *hierarchy,
						     void *data),
					void *data)
{
	const struct cgroups *cgroups = group->cgroups;
	int result = 0;

	for (size_t i = 0; i < cgroups->n && result == 0; i++)
		if (cgroups->hierarchies[i].controllers & JOB_CONTROLLERS)
			result = visit(&cgroups->hierarchies[i], data);
	return result;
}

static int cgroup_job_remove_in(const struct cgroup_hierarchy *hierarchy, void *data)
{
	const struct cgroup *group = data;
	char path[CGROUP_FILE_SIZE];

	return unlinkat(hierarchy->fd, cgroup_path(group, hierarchy, "", path), AT_REMOVEDIR) ==
				       0 ||
			       errno == ENOENT || errno == ENODEV
		       ? 0
		       : -1;
}

int cgroup_job_remove(const struct cgroup *cgroup, uint32_t job_id)
{
	struct cgroup group = cgroup_job_group(cgroup, job_id);

	return cgroup_job_foreach_hierarchy(&group, cgroup_job_remove_in, &group);
}

struct cgroup_job_making {
	const struct cgroup *container, *group;
	uid_t owner;
	struct wshd_group *fds;
	size_t n_tasks;
	struct warden_error *err;
};

static int cgroup_job_error(const struct cgroup_job_making *making,
			    const struct cgroup_hierarchy *hierarchy, const char *what)
{
	char path[CGROUP_FILE_SIZE];

	return warden_error_errno(making->err, "%s control group %s/" CGROUP_PARENT "/%s", what,
				  hierarchy->path, cgroup_path(making->group, hierarchy, "", path));
}

static int cgroup_job_open_file(const struct cgroup_job_making *making,
				const struct cgroup_hierarchy *hierarchy, const char *file,
				int flags, int *fd)
{
	char path[CGROUP_FILE_SIZE];

	*fd = openat(hierarchy->fd, cgroup_path(making->group, hierarchy, file, path),
		     flags | O_CLOEXEC);
	return *fd < 0 ? cgroup_job_error(making, hierarchy, "open") : 0;
}

/* On v2 the keeper, as container root, clones into the group, so it needs write access to
 * cgroup.procs of the target and of the common ancestor. Without nesting no process of the
 * container can see these files. */
static int cgroup_job_chown_procs(const struct cgroup_job_making *making,
				  const struct cgroup_hierarchy *hierarchy,
				  const struct cgroup *group)
{
	char path[CGROUP_FILE_SIZE];

	return fchownat(hierarchy->fd, cgroup_path(group, hierarchy, "cgroup.procs", path),
			making->owner, making->owner, 0) < 0
		       ? cgroup_job_error(making, hierarchy, "change the owner of")
		       : 0;
}

/* Moves the processes of the container's own group, not of those below, to its leaf. Returns the
 * number of processes it read, or -1. */
static int cgroup_job_move_to_leaf(int group_fd, struct warden_error *err)
{
	char text[4096], *rest = text, *line;
	int n = 0;

	if (cgroup_file_read(group_fd, "cgroup.procs", text, sizeof(text)) < 0)
		return warden_error_errno(err, "read control group's cgroup.procs");
	/* The text after the last line end is empty or a truncated number, which the next round
	 * reads. */
	while ((line = strsep(&rest, "\n")) && rest) {
		if (cgroup_file_write(group_fd, CGROUP_LEAF "/cgroup.procs", line, err) < 0 &&
		    err->number != ESRCH)
			return -1;
		n++;
	}
	return n;
}

/* A v2 group with processes of its own cannot enable controllers for groups below it, so all of
 * them move to the leaf. Afterwards new processes of the container are born in the leaf. */
static int cgroup_job_empty_group(int group_fd, struct warden_error *err)
{
	int left = 1;

	if (mkdirat(group_fd, CGROUP_LEAF, 0755) < 0 && errno != EEXIST)
		return warden_error_errno(err, "make control group's " CGROUP_LEAF);
	for (int i = 0; i < ROUNDS && left > 0; i++)
		left = cgroup_job_move_to_leaf(group_fd, err);
	if (left > 0)
		return warden_error_set(err, "processes are made faster than they can be moved");
	return left;
}

/* The cpu controller stays off: it would divide the time among jobs instead of processes. */
static int cgroup_job_enable_controllers(const struct cgroup_hierarchy *hierarchy, int group_fd,
					 struct warden_error *err)
{
	unsigned wanted = hierarchy->controllers & (CGROUP_MEMORY | CGROUP_PIDS);

	/* Enabling again has no effect. */
	if (cgroup_v2_enable(group_fd, wanted, err) == 0)
		return 0;
	if (err->number != EBUSY || cgroup_job_empty_group(group_fd, err) < 0)
		return -1;
	return cgroup_v2_enable(group_fd, wanted, err);
}

static int cgroup_job_make_v2(struct cgroup_job_making *making,
			      const struct cgroup_hierarchy *hierarchy)
{
	char path[CGROUP_FILE_SIZE];
	_cleanup_close_ int container =
		openat(hierarchy->fd, cgroup_path(making->container, hierarchy, "", path),
		       O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (container < 0)
		return cgroup_job_error(making, hierarchy, "open the parent of");
	if (cgroup_job_enable_controllers(hierarchy, container, making->err) < 0)
		return -1;
	if (mkdirat(hierarchy->fd, cgroup_path(making->group, hierarchy, "", path), 0755) < 0)
		return cgroup_job_error(making, hierarchy, "make");
	if (cgroup_job_chown_procs(making, hierarchy, making->container) < 0 ||
	    cgroup_job_chown_procs(making, hierarchy, making->group) < 0)
		return -1;
	return cgroup_job_open_file(making, hierarchy, "", O_PATH | O_DIRECTORY,
				    &making->fds->group_fd);
}

static int cgroup_job_make_v1(struct cgroup_job_making *making,
			      const struct cgroup_hierarchy *hierarchy)
{
	char path[CGROUP_FILE_SIZE];

	if (mkdirat(hierarchy->fd, cgroup_path(making->group, hierarchy, "", path), 0755) < 0)
		return cgroup_job_error(making, hierarchy, "make");
	if (cgroup_bound_tcp(making->group->cgroups, hierarchy, path, making->err) < 0)
		return -1;
	return cgroup_job_open_file(making, hierarchy, "tasks", O_WRONLY,
				    &making->fds->tasks_fds[making->n_tasks++]);
}

static int cgroup_job_make_in(const struct cgroup_hierarchy *hierarchy, void *data)
{
	struct cgroup_job_making *making = data;

	return hierarchy->v2 ? cgroup_job_make_v2(making, hierarchy)
			     : cgroup_job_make_v1(making, hierarchy);
}

/* A job's limit is one of memory with swap; with no_swap its memory is never swapped. */
static int cgroup_job_limit_memory(struct cgroup *group, const struct warden_spawn *spawn,
				   struct warden_error *err)
{
	struct warden_limits limits;
	bool v2 = cgroup_is_v2(group, CGROUP_MEMORY);

	warden_limits_init(&limits);
	limits.memory_bytes = spawn->memory_limit;
	if (spawn->memory_limit > 0 && cgroup_set_memory(group, &limits, err) < 0)
		return -1;
	if (!spawn->no_swap)
		return 0;
	return v2 ? cgroup_write(group, CGROUP_MEMORY, "memory.swap.max", "0", err)
		  : cgroup_write(group, CGROUP_MEMORY, "memory.swappiness", "0", err);
}

static int cgroup_job_set_limits(struct cgroup *group, const struct warden_spawn *spawn,
				 struct warden_error *err)
{
	if (cgroup_job_limit_memory(group, spawn, err) < 0)
		return -1;
	if (spawn->process_limit == 0)
		return 0;
	return cgroup_write_number(group, CGROUP_PIDS, "pids.max", spawn->process_limit, err);
}

static void cgroup_job_open_cpu(const struct cgroup *group, struct wshd_group *fds)
{
	bool v2 = cgroup_is_v2(group, CGROUP_CPUACCT);

	/* If it cannot be opened the keeper counts itself. */
	fds->cpu_fd = cgroup_open_file(group, CGROUP_CPUACCT, v2 ? "cpu.stat" : "cpuacct.usage",
				       O_RDONLY);
}

/* With v1 and v2 mounted the root of the container's cgroup view is too low for a job to be born in
 * its v2 group. */
static bool cgroup_job_is_mixed(const struct cgroup *group)
{
	bool v2 = false, v1 = false;

	for (size_t i = 0; i < group->cgroups->n; i++)
		*(group->cgroups->hierarchies[i].v2 ? &v2 : &v1) = true;
	return v1 && v2;
}

int cgroup_job_make(const struct cgroup *cgroup, const struct warden_spawn *spawn, uid_t owner,
		    struct wshd_group *fds, struct warden_error *err)
{
	struct cgroup group = cgroup_job_group(cgroup, spawn->job_id);
	struct cgroup_job_making making = {cgroup, &group, owner, fds, 0, err};

	wshd_group_init(fds);
	if (!cgroup_hierarchy_of(group.cgroups, CGROUP_CPUACCT) || cgroup_job_is_mixed(&group))
		return warden_error_set(err,
					"own_cgroup: the control groups mounted on this "
					"host allow none for job %u",
					spawn->job_id);
	if (cgroup_job_foreach_hierarchy(&group, cgroup_job_make_in, &making) == 0 &&
	    cgroup_job_set_limits(&group, spawn, err) == 0) {
		cgroup_job_open_cpu(&group, fds);
		return 0;
	}
	wshd_group_close(fds);
	cgroup_job_foreach_hierarchy(&group, cgroup_job_remove_in,
				     &group); /* they have no processes yet */
	return -1;
}

/* On v1 the split between user and system is counted in ticks, while the sum is exact. */
static void cgroup_job_read_cpu_v1(const struct cgroup *group, struct warden_job_end *end)
{
	uint64_t total = cgroup_read_number(group, CGROUP_CPUACCT, "cpuacct.usage", 0);
	uint64_t user = cgroup_read_number(group, CGROUP_CPUACCT, "cpuacct.usage_user", 0);
	uint64_t system = cgroup_read_number(group, CGROUP_CPUACCT, "cpuacct.usage_sys", 0);

	if (total == WARDEN_UNKNOWN)
		return;
	if (user == WARDEN_UNKNOWN || system == WARDEN_UNKNOWN || user + system == 0) {
		user = end->user_us;
		system = end->system_us;
	}
	total /= 1000;
	end->user_us = user + system == 0
			       ? total
			       : (uint64_t)((double)total * (double)user / (double)(user + system));
	end->system_us = total - end->user_us;
}

/* A figure that the group does not have stays the keeper's. */
static void cgroup_job_set_if_known(uint64_t *figure, uint64_t value)
{
	if (value != WARDEN_UNKNOWN)
		*figure = value;
}

static void cgroup_job_read_cpu_v2(const struct cgroup *group, struct warden_job_end *end)
{
	char text[512];

	if (cgroup_read(group, CGROUP_CPUACCT, "cpu.stat", text, sizeof(text)) < 0)
		return;
	cgroup_job_set_if_known(&end->user_us, cgroup_figure(text, "user_usec"));
	cgroup_job_set_if_known(&end->system_us, cgroup_figure(text, "system_usec"));
}

static void cgroup_job_read_peak(const struct cgroup *group, enum cgroup_controller controller,
				 const char *name, uint64_t *peak)
{
	cgroup_job_set_if_known(peak, cgroup_read_number(group, controller, name, 0));
}

uint64_t cgroup_job_end(const struct cgroup *cgroup, uint32_t job_id, struct warden_job_end *end)
{
	struct cgroup group = cgroup_job_group(cgroup, job_id);
	bool v2 = cgroup_is_v2(&group, CGROUP_MEMORY);
	uint64_t kills = cgroup_oom_kills(&group);

	end->own_cgroup = true;
	if (cgroup_is_v2(&group, CGROUP_CPUACCT))
		cgroup_job_read_cpu_v2(&group, end);
	else
		cgroup_job_read_cpu_v1(&group, end);
	cgroup_job_read_peak(&group, CGROUP_MEMORY,
			     v2 ? "memory.peak" : "memory.max_usage_in_bytes", &end->peak_memory);
	cgroup_job_read_peak(&group, CGROUP_PIDS, "pids.peak", &end->peak_processes);
	if (kills > 0 && (end->reason == WARDEN_END_EXITED || end->reason == WARDEN_END_SIGNAL))
		end->reason = WARDEN_END_MEMORY;
	return kills;
}

static bool cgroup_job_add_id(uint32_t **ids, size_t *n, uint32_t id)
{
	uint32_t *grown = reallocarray(*ids, *n + 1, sizeof(*grown));

	if (!grown)
		return false;
	grown[(*n)++] = id;
	*ids = grown;
	return true;
}

void cgroup_job_list(const struct cgroup *cgroup, uint32_t **ids, size_t *n)
{
	const struct cgroup_hierarchy *hierarchy =
		cgroup_hierarchy_of(cgroup->cgroups, CGROUP_CPUACCT);
	char path[CGROUP_FILE_SIZE];
	int fd = hierarchy ? openat(hierarchy->fd, cgroup_path(cgroup, hierarchy, "", path),
				    O_RDONLY | O_DIRECTORY | O_CLOEXEC)
			   : -1;
	_cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	uint32_t id;

	*ids = NULL;
	*n = 0;
	if (!dir && fd >= 0)
		close(fd);
	while (dir && (entry = readdir(dir)))
		if (entry->d_type == DT_DIR &&
		    sscanf(entry->d_name, JOB_PREFIX "%" SCNu32, &id) == 1 &&
		    !cgroup_job_add_id(ids, n, id))
			return; /* the rest is removed with the container */
}
