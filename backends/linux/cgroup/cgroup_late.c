/* SPDX-License-Identifier: Apache-2.0 */
/* Groups of v1 that a container gets only when a limit needs them: makes them and moves all of the
 * container's processes into them. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "backends/linux/cgroup/cgroup_private.h"
#include "lib/cleanup.h"

/* A process that is forked while the others are moved is found in the next round. */
#define ROUNDS 100

bool cgroup_is_late(const struct cgroup_hierarchy *hierarchy)
{
	return !hierarchy->v2 && (hierarchy->controllers & ~(unsigned)CGROUP_LATE) == 0;
}

/* A new cpuset group accepts no process before it has cpus and memory nodes. */
static int cgroup_late_inherit_file(int from_fd, int to_fd, const char *file,
				    struct warden_error *err)
{
	char text[256];

	if (cgroup_file_read(to_fd, file, text, sizeof(text)) > 1)
		return 0;
	if (cgroup_file_read(from_fd, file, text, sizeof(text)) < 0)
		return warden_error_errno(err, "read control group's %s", file);
	return cgroup_file_write(to_fd, file, text, err);
}

static int cgroup_late_inherit_cpuset(const struct cgroup_hierarchy *hierarchy, int fd,
				      struct warden_error *err)
{
	static const char *const files[] = {"cpuset.cpus", "cpuset.mems"};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (cgroup_late_inherit_file(hierarchy->base_fd, hierarchy->fd, files[i], err) <
			    0 ||
		    cgroup_late_inherit_file(hierarchy->fd, fd, files[i], err) < 0)
			return -1;
	return 0;
}

static int cgroup_late_make(const struct cgroup *cgroup, const struct cgroup_hierarchy *hierarchy,
			    struct warden_error *err)
{
	_cleanup_close_ int fd = -1;

	if (cgroup_make_in(cgroup->cgroups, hierarchy, cgroup->name, err) < 0 &&
	    err->number != EEXIST)
		return -1;
	cgroup_mark(cgroup);
	if (!(hierarchy->controllers & CGROUP_CPUSET))
		return 0;
	fd = openat(hierarchy->fd, cgroup->name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return warden_error_errno(err, "open control group %s", cgroup->name);
	return cgroup_late_inherit_cpuset(hierarchy, fd, err);
}

static bool cgroup_late_has_pid(const pid_t *pids, size_t n, pid_t pid)
{
	for (size_t i = 0; i < n; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

/* Returns the number of processes that had to be moved; -1 and `err` on failure. */
static int cgroup_late_move_processes(const struct cgroup *cgroup,
				      const struct cgroup_hierarchy *hierarchy,
				      struct warden_error *err)
{
	_cleanup_free_ pid_t *pids = NULL;
	_cleanup_free_ pid_t *there = NULL;
	char path[CGROUP_FILE_SIZE], text[16];
	size_t n, n_there;
	int moved = 0;

	if (cgroup_pids(cgroup, &pids, &n, err) < 0 ||
	    cgroup_pids_in(cgroup, hierarchy, &there, &n_there, err) < 0)
		return -1;
	cgroup_path(cgroup, hierarchy, "cgroup.procs", path);
	for (size_t i = 0; i < n; i++) {
		if (cgroup_late_has_pid(there, n_there, pids[i]))
			continue;
		moved++;
		snprintf(text, sizeof(text), "%d", pids[i]);
		if (cgroup_file_write(hierarchy->fd, path, text, err) < 0 && err->number != ESRCH)
			return -1;
	}
	return moved;
}

int cgroup_join(const struct cgroup *cgroup, enum cgroup_controller controller,
		struct warden_error *err)
{
	const struct cgroup_hierarchy *hierarchy = cgroup_hierarchy_of(cgroup->cgroups, controller);
	int left = 1;

	if (!hierarchy || !cgroup_is_late(hierarchy))
		return 0;
	if (cgroup_late_make(cgroup, hierarchy, err) < 0)
		return -1;
	for (int i = 0; i < ROUNDS && left > 0; i++)
		left = cgroup_late_move_processes(cgroup, hierarchy, err);
	if (left > 0)
		return warden_error_set(err, "processes are made faster than they can be moved");
	return left;
}
