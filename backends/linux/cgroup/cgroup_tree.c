/* SPDX-License-Identifier: Apache-2.0 */
/* Walks a container's group and all groups below it: lists processes, removes the groups. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/linux/cgroup/cgroup_private.h"
#include "lib/cleanup.h"

/* Only jobs and a nested daemon make groups below a container's, none of them deep. */
#define DEPTH_MAX 32

/* The link count of a group says whether there are any below, without reading its long
 * directory. */
int cgroup_tree_foreach_child(int fd, int (*visit)(int fd, const char *name, void *data),
			      void *data)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *entry;
	struct stat st;
	int result = 0, dir_fd;

	if (fstat(fd, &st) < 0 || st.st_nlink <= 2)
		return 0;
	dir_fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return -1;
	dir = fdopendir(dir_fd);
	if (!dir) {
		close(dir_fd);
		return -1;
	}
	while (result == 0 && (entry = readdir(dir)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			result = visit(dir_fd, entry->d_name, data);
	return result;
}

struct pid_list {
	pid_t *pids;
	size_t n, size;
	int depth;
};

static int cgroup_tree_add_pid(struct pid_list *list, pid_t pid)
{
	if (list->n == list->size) {
		size_t size = list->size ? 2 * list->size : 64;
		pid_t *grown = realloc(list->pids, size * sizeof(*grown));

		if (!grown)
			return -1;
		list->pids = grown;
		list->size = size;
	}
	list->pids[list->n++] = pid;
	return 0;
}

/* A group that is removed meanwhile (ENODEV, ENOENT) has no processes. */
static int cgroup_tree_read_pids(int fd, struct pid_list *list)
{
	_cleanup_fclose_ FILE *file = NULL;
	int file_fd = openat(fd, "cgroup.procs", O_RDONLY | O_CLOEXEC), pid;

	if (file_fd < 0)
		return errno == ENOENT || errno == ENODEV ? 0 : -1;
	file = fdopen(file_fd, "r");
	if (!file) {
		close(file_fd);
		return -1;
	}
	while (fscanf(file, "%d", &pid) == 1)
		/* 0: a process outside our pid namespace. */
		if (pid > 0 && cgroup_tree_add_pid(list, pid) < 0)
			return -1;
	return 0;
}

static int cgroup_tree_collect_pids(int parent_fd, const char *name, void *data)
{
	struct pid_list *list = data;
	_cleanup_close_ int fd = openat(parent_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int result;

	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	if (++list->depth > DEPTH_MAX) {
		errno = ELOOP;
		return -1;
	}
	result = cgroup_tree_read_pids(fd, list);
	if (result == 0)
		result = cgroup_tree_foreach_child(fd, cgroup_tree_collect_pids, list);
	list->depth--;
	return result;
}

int cgroup_pids(const struct cgroup *cgroup, pid_t **pids, size_t *n, struct warden_error *err)
{
	const struct cgroup_hierarchy *hierarchy =
		cgroup_hierarchy_of(cgroup->cgroups, CGROUP_PIDS);

	*pids = NULL;
	*n = 0;
	for (size_t i = 0; !hierarchy && i < cgroup->cgroups->n; i++)
		if (!cgroup_is_late(&cgroup->cgroups->hierarchies[i]))
			hierarchy = &cgroup->cgroups->hierarchies[i];
	if (!hierarchy)
		return warden_error_set(err, "list processes of %s: no control groups",
					cgroup->name);
	return cgroup_pids_in(cgroup, hierarchy, pids, n, err);
}

int cgroup_tree_pids(int parent_fd, const char *name, pid_t **pids, size_t *n)
{
	struct pid_list list = {0};

	*pids = NULL;
	*n = 0;
	if (cgroup_tree_collect_pids(parent_fd, name, &list) < 0) {
		free(list.pids);
		return -1;
	}
	*pids = list.pids;
	*n = list.n;
	return 0;
}

int cgroup_pids_in(const struct cgroup *cgroup, const struct cgroup_hierarchy *hierarchy,
		   pid_t **pids, size_t *n, struct warden_error *err)
{
	if (cgroup_tree_pids(hierarchy->fd, cgroup->name, pids, n) < 0)
		return warden_error_errno(err, "list processes of %s/" CGROUP_PARENT "/%s",
					  hierarchy->path, cgroup->name);
	return 0;
}

/* Removes a group, those below it first. */
static int cgroup_tree_remove_group(int parent_fd, const char *name, void *data)
{
	int *depth = data, fd;

	if (unlinkat(parent_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != EBUSY || *depth == DEPTH_MAX)
		return -1;
	fd = openat(parent_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	++*depth;
	(void)cgroup_tree_foreach_child(fd, cgroup_tree_remove_group,
					depth); /* remaining groups keep the parent busy */
	--*depth;
	close(fd);
	return unlinkat(parent_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : -1;
}

int cgroup_tree_remove(int parent_fd, const char *name)
{
	int depth = 0;

	return cgroup_tree_remove_group(parent_fd, name, &depth);
}

int cgroup_remove(struct cgroup *cgroup, struct warden_error *err)
{
	int result = 0;

	for (size_t i = 0; i < cgroup->cgroups->n; i++) {
		const struct cgroup_hierarchy *hierarchy = &cgroup->cgroups->hierarchies[i];
		char path[CGROUP_FILE_SIZE];

		/* Faster than to find that the group is busy; if it fails the next call does so. */
		if (cgroup->bounded && hierarchy->controllers & CGROUP_MEMORY)
			(void)unlinkat(hierarchy->fd, cgroup_path(cgroup, hierarchy, "", path),
				       AT_REMOVEDIR);
		if (cgroup_tree_remove(hierarchy->fd, cgroup->name) == 0)
			continue;
		if (errno == ENODEV) /* CGROUP_PARENT itself is gone */
			continue;
		/* Prefer to report a failure that a retry does not solve. */
		if (result == 0 || err->number == EBUSY)
			warden_error_errno(err, "remove control group %s/" CGROUP_PARENT "/%s",
					   hierarchy->path, cgroup->name);
		result = -1;
	}
	return result;
}
