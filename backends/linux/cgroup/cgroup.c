/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's hierarchies of control groups and a container's group in each of them; see cgroup.h.
 * Differences between v1 and v2 are in cgroup_v1.c and cgroup_v2.c, figures in cgroup_stat.c. */
#include "backends/linux/cgroup/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "backends/linux/cgroup/cgroup_private.h"
#include "backends/linux/linux.h"
#include "lib/cleanup.h"

/* Mounts that are read: a v1 controller may be mounted more than once. */
#define MOUNTS_MAX 64

const struct cgroup_hierarchy *cgroup_hierarchy_of(const struct cgroups *cgroups,
						   enum cgroup_controller controller)
{
	for (size_t i = 0; i < cgroups->n; i++)
		if (cgroups->hierarchies[i].controllers & controller)
			return &cgroups->hierarchies[i];
	return NULL;
}

static void cgroups_close_hierarchy(struct cgroup_hierarchy *hierarchy)
{
	if (hierarchy->fd >= 0)
		close(hierarchy->fd);
	if (hierarchy->base_fd >= 0)
		close(hierarchy->base_fd);
	free(hierarchy->path);
	free(hierarchy->own_path);
}

/* Starts using a mount. One that cannot be used is logged; its controllers are then reported as
 * missing. */
static void cgroups_use_mount(struct cgroups *cgroups, const struct cgroup_mount *mount,
			      unsigned wanted)
{
	struct cgroup_hierarchy *hierarchy = &cgroups->hierarchies[cgroups->n];
	struct warden_error err;
	int result;

	*hierarchy = (struct cgroup_hierarchy){.base_fd = -1, .fd = -1};
	result = mount->v2 ? cgroup_v2_setup(hierarchy, mount, wanted, cgroups->host, &err)
			   : cgroup_v1_setup(hierarchy, mount, &err);
	if (result == 0) {
		cgroups->n++;
		return;
	}
	cgroups->host->log(cgroups->host, WARDEN_LOG_WARN, NULL,
			   "control groups at %s cannot be used: %s", mount->mount_point,
			   err.message);
	cgroups_close_hierarchy(hierarchy);
}

static unsigned cgroups_get_controllers(const struct cgroups *cgroups)
{
	unsigned found = 0;

	for (size_t i = 0; i < cgroups->n; i++)
		found |= cgroups->hierarchies[i].controllers;
	return found;
}

/* v1 first: a controller is on v1 or on v2, never both. v2 gets the ones that no v1 mount has. */
static int cgroups_use_mounts(struct cgroups *cgroups, struct warden_error *err)
{
	struct cgroup_mount mounts[MOUNTS_MAX] = {0};
	size_t n = 0;
	int result = cgroup_mounts_find(mounts, MOUNTS_MAX, &n, err);

	for (size_t i = 0; result == 0 && i < n; i++)
		if (!mounts[i].v2 && cgroups->n < CGROUP_HIERARCHIES)
			cgroups_use_mount(cgroups, &mounts[i], 0);
	for (size_t i = 0; result == 0 && i < n; i++) {
		unsigned left = CGROUP_ALL & ~cgroups_get_controllers(cgroups);

		if (mounts[i].v2 && left && cgroups->n < CGROUP_HIERARCHIES)
			cgroups_use_mount(cgroups, &mounts[i], left);
	}
	cgroup_mounts_free(mounts, n);
	return result;
}

/* Without device rules only the user namespace restricts container root; without that too the disks
 * would be open to it, so fail. */
static int cgroups_fall_back_to_user_namespace(const struct cgroups *cgroups,
					       struct warden_error *err)
{
	const struct warden_host *host = cgroups->host;

	if (!linux_user_namespace(host->settings))
		return -1;
	host->log(host, WARDEN_LOG_WARN, NULL,
		  "devices are refused by the user namespace alone: %s", err->message);
	return 0;
}

static int cgroups_set_device_rules(const struct cgroups *cgroups, struct warden_error *err)
{
	const struct cgroup_hierarchy *hierarchy = cgroup_hierarchy_of(cgroups, CGROUP_DEVICES);

	if (!hierarchy)
		warden_error_set(err, "no control groups for devices are mounted");
	else if (cgroup_devices_refuse(hierarchy, hierarchy->fd, err) == 0)
		return 0;
	return cgroups_fall_back_to_user_namespace(cgroups, err);
}

static void cgroups_log_missing(const struct cgroups *cgroups)
{
	unsigned missing = CGROUP_ALL & ~cgroups_get_controllers(cgroups);
	char text[128];

	if (missing)
		cgroups->host->log(
			cgroups->host, WARDEN_LOG_WARN, NULL,
			"control groups are missing for %s: no limits and figures of these",
			cgroup_controllers_text(missing, text, sizeof(text)));
}

int cgroups_setup(const struct warden_host *host, struct cgroups **result, struct warden_error *err)
{
	struct cgroups *cgroups = calloc(1, sizeof(*cgroups));

	if (!cgroups)
		return warden_error_errno(err, "control groups");
	cgroups->host = host;
	depot_mark_fill(host->settings->depot_path, cgroups->mark);
	pthread_mutex_init(&cgroups->mutex, NULL);
	cgroup_warmer_init(cgroups);
	if (cgroups_use_mounts(cgroups, err) < 0 || cgroups_set_device_rules(cgroups, err) < 0 ||
	    cgroup_bounds_find(cgroups, err) < 0) {
		cgroups_free(cgroups);
		return -1;
	}
	for (size_t i = 0; i < cgroups->n; i++)
		cgroup_bound_all(cgroups, &cgroups->hierarchies[i], cgroups->hierarchies[i].fd);
	cgroups_log_missing(cgroups);
	cgroup_find_io_weight(cgroups);
	for (size_t i = 0; i < cgroups->n && !cgroups->warmer.hierarchy; i++)
		if (cgroups->hierarchies[i].own_path)
			cgroups->warmer.hierarchy = &cgroups->hierarchies[i];
	*result = cgroups;
	return 0;
}

void cgroups_free(struct cgroups *cgroups)
{
	if (!cgroups)
		return;
	cgroup_warmer_free(&cgroups->warmer);
	for (size_t i = 0; i < cgroups->n; i++) {
		struct cgroup_hierarchy *hierarchy = &cgroups->hierarchies[i];

		/* Another daemon or its containers keep it. */
		flock(hierarchy->fd, LOCK_UN);
		if (cgroup_parent_remove(hierarchy->base_fd) == 0 && hierarchy->v2)
			cgroup_v2_leave_leaf(hierarchy);
		cgroups_close_hierarchy(hierarchy);
	}
	pthread_mutex_destroy(&cgroups->mutex);
	free(cgroups);
}

static struct cgroup *cgroup_new(struct cgroups *cgroups, const char *id, struct warden_error *err)
{
	struct cgroup *cgroup = calloc(1, sizeof(*cgroup));

	if (!cgroup) {
		warden_error_errno(err, "control group of %s", id);
		return NULL;
	}
	cgroup->cgroups = cgroups;
	snprintf(cgroup->name, sizeof(cgroup->name), CGROUP_CONTAINER "%s", id);
	cgroup->bounded = cgroups->bound < CGROUP_NO_MEMORY_LIMIT;
	cgroup->processes =
		(uint64_t)cgroups->host->option_integer(cgroups->host, CGROUP_PROCESS_LIMIT);
	return cgroup;
}

void cgroup_mark(const struct cgroup *cgroup)
{
	const struct cgroups *cgroups = cgroup->cgroups;

	for (size_t i = 0; *cgroups->mark && i < cgroups->n; i++) {
		_cleanup_close_ int fd = openat(cgroups->hierarchies[i].fd, cgroup->name,
						O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		/* A group without a mark is not removed by a clean. */
		if (fd >= 0)
			(void)fsetxattr(fd, DEPOT_MARK_ATTRIBUTE, cgroups->mark,
					strlen(cgroups->mark), 0);
	}
}

int cgroup_open(struct cgroups *cgroups, const char *id, struct cgroup **result,
		struct warden_error *err)
{
	const struct cgroup_hierarchy *memory = cgroup_hierarchy_of(cgroups, CGROUP_MEMORY);
	struct cgroup *cgroup = cgroup_new(cgroups, id, err);
	char path[CGROUP_FILE_SIZE];

	*result = cgroup;
	if (!cgroup)
		return -1;
	/* The daemon that made it may have had other settings. */
	cgroup->bounded = true;
	cgroup->bounded = memory && faccessat(memory->fd, cgroup_path(cgroup, memory, "", path),
					      F_OK, 0) == 0;
	return 0;
}

void cgroup_free(struct cgroup *cgroup)
{
	free(cgroup);
}

/* Another daemon removed our empty CGROUP_PARENT when it ended. The new group takes over the
 * descriptor's number, so that other threads need no lock, and only once its device rules hold. */
static int cgroups_remake_parent(struct cgroups *cgroups, const struct cgroup_hierarchy *hierarchy,
				 struct warden_error *err)
{
	_cleanup_close_ int fd = -1;
	int result = -1;

	pthread_mutex_lock(&cgroups->mutex);
	fd = cgroup_parent_open(hierarchy, err);
	if (fd >= 0)
		result = 0;
	if (result == 0 && hierarchy->controllers & CGROUP_DEVICES &&
	    cgroup_devices_refuse(hierarchy, fd, err) < 0)
		result = cgroups_fall_back_to_user_namespace(cgroups, err);
	if (result == 0 && dup3(fd, hierarchy->fd, O_CLOEXEC) < 0)
		result =
			warden_error_errno(err, "control group %s/" CGROUP_PARENT, hierarchy->path);
	if (result == 0)
		cgroup_bound_all(cgroups, hierarchy, hierarchy->fd);
	pthread_mutex_unlock(&cgroups->mutex);
	return result;
}

int cgroup_make_in(struct cgroups *cgroups, const struct cgroup_hierarchy *hierarchy,
		   const char *name, struct warden_error *err)
{
	if (mkdirat(hierarchy->fd, name, 0755) == 0)
		return 0;
	if (errno == ENOENT || errno == ENODEV) {
		if (cgroups_remake_parent(cgroups, hierarchy, err) < 0)
			return -1;
		if (mkdirat(hierarchy->fd, name, 0755) == 0)
			return 0;
	}
	return warden_error_errno(err, "make control group %s/" CGROUP_PARENT "/%s",
				  hierarchy->path, name);
}

static int cgroup_limit_processes(const struct cgroup *cgroup, struct warden_error *err)
{
	if (!cgroup_hierarchy_of(cgroup->cgroups, CGROUP_PIDS))
		return 0;
	if (cgroup->processes == 0)
		return cgroup_write(cgroup, CGROUP_PIDS, "pids.max", "max", err);
	return cgroup_write_number(cgroup, CGROUP_PIDS, "pids.max", cgroup->processes, err);
}

int cgroup_forbid_forks(const struct cgroup *cgroup, bool forbid, struct warden_error *err)
{
	if (!forbid || !cgroup_hierarchy_of(cgroup->cgroups, CGROUP_PIDS))
		return cgroup_limit_processes(cgroup, err);
	return cgroup_write(cgroup, CGROUP_PIDS, "pids.max", "0", err);
}

bool cgroup_forbids_forks(const struct cgroup *cgroup)
{
	return cgroup_hierarchy_of(cgroup->cgroups, CGROUP_PIDS) &&
	       cgroup_read_number(cgroup, CGROUP_PIDS, "pids.max", WARDEN_UNKNOWN) == 0;
}

int cgroup_set_processes(struct cgroup *cgroup, uint64_t processes, bool forbidden,
			 struct warden_error *err)
{
	uint64_t before = cgroup->processes;

	if (!cgroup_hierarchy_of(cgroup->cgroups, CGROUP_PIDS))
		return warden_error_set(err, "no control groups for pids");
	cgroup->processes = processes;
	if (forbidden || cgroup_limit_processes(cgroup, err) == 0)
		return 0;
	cgroup->processes = before;
	return -1;
}

uint64_t cgroup_get_processes(const struct cgroup *cgroup)
{
	return cgroup_hierarchy_of(cgroup->cgroups, CGROUP_PIDS) ? cgroup->processes
								 : WARDEN_UNKNOWN;
}

static void cgroup_undo_groups(const struct cgroup *cgroup,
			       const struct cgroup_hierarchy *hierarchy)
{
	const struct warden_host *host = cgroup->cgroups->host;
	struct warden_error err;

	if (cgroup_is_late(hierarchy) || cgroup_tree_remove(hierarchy->fd, cgroup->name) == 0)
		return;
	warden_error_errno(&err, "remove control group %s", cgroup->name);
	host->log(host, WARDEN_LOG_WARN, cgroup->name + strlen(CGROUP_CONTAINER), "%s",
		  err.message);
}

/* Makes the container's groups in one hierarchy. */
static int cgroup_make_groups(const struct cgroup *cgroup, const struct cgroup_hierarchy *hierarchy,
			      struct warden_error *err)
{
	if (cgroup_is_late(hierarchy))
		return 0;
	if (cgroup_make_in(cgroup->cgroups, hierarchy, cgroup->name, err) < 0)
		return -1;
	if (!cgroup->bounded || !(hierarchy->controllers & CGROUP_MEMORY) ||
	    cgroup_bound_make(cgroup, hierarchy, err) == 0)
		return 0;
	cgroup_undo_groups(cgroup, hierarchy);
	return -1;
}

int cgroup_make(struct cgroups *cgroups, const char *id, struct cgroup **result,
		struct warden_error *err)
{
	struct cgroup *cgroup = cgroup_new(cgroups, id, err);
	size_t made = 0;

	if (!cgroup)
		return -1;
	while (made < cgroups->n &&
	       cgroup_make_groups(cgroup, &cgroups->hierarchies[made], err) == 0)
		made++;
	if (made == cgroups->n && cgroup_limit_processes(cgroup, err) == 0) {
		cgroup_mark(cgroup);
		cgroup_warm(cgroups);
		*result = cgroup;
		return 0;
	}
	while (made-- > 0)
		cgroup_undo_groups(cgroup, &cgroups->hierarchies[made]);
	cgroup_free(cgroup);
	return -1;
}

int cgroup_v2_open(const struct cgroup *cgroup, int *fd, struct warden_error *err)
{
	char path[CGROUP_FILE_SIZE];

	*fd = -1;
	for (size_t i = 0; i < cgroup->cgroups->n; i++) {
		const struct cgroup_hierarchy *hierarchy = &cgroup->cgroups->hierarchies[i];

		if (!hierarchy->v2)
			continue;
		*fd = openat(hierarchy->fd, cgroup_path(cgroup, hierarchy, "", path),
			     O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (*fd < 0)
			return warden_error_errno(err, "open control group %s/" CGROUP_PARENT "/%s",
						  hierarchy->path, path);
	}
	return 0;
}

int cgroup_enter_leaf(const struct cgroup *cgroup, pid_t pid, struct warden_error *err)
{
	char path[CGROUP_FILE_SIZE], text[16];

	snprintf(text, sizeof(text), "%d", pid);
	for (size_t i = 0; i < cgroup->cgroups->n; i++) {
		const struct cgroup_hierarchy *hierarchy = &cgroup->cgroups->hierarchies[i];

		if (!hierarchy->v2)
			continue;
		cgroup_path(cgroup, hierarchy, CGROUP_LEAF, path);
		if (mkdirat(hierarchy->fd, path, 0755) < 0 && errno != EEXIST)
			return warden_error_errno(err, "make control group %s", path);
		cgroup_path(cgroup, hierarchy, CGROUP_LEAF "/cgroup.procs", path);
		if (cgroup_file_write(hierarchy->fd, path, text, err) < 0)
			return -1;
	}
	return 0;
}

bool cgroup_place(const struct cgroups *cgroups, const char *id, size_t i,
		  struct cgroup_place *place)
{
	for (size_t k = 0; k < cgroups->n; k++) {
		const struct cgroup_hierarchy *hierarchy = &cgroups->hierarchies[k];
		bool bounded = cgroups->bound < CGROUP_NO_MEMORY_LIMIT &&
			       hierarchy->controllers & CGROUP_MEMORY;

		/* A hierarchy with several controllers has a name for each of them. */
		for (size_t bit = 0; bit < CGROUP_CONTROLLERS; bit++) {
			unsigned controller = 1U << bit;

			if (hierarchy->v2 ? bit > 0 : !(hierarchy->controllers & controller))
				continue;
			if (i-- > 0)
				continue;
			if (hierarchy->v2)
				snprintf(place->name, sizeof(place->name), "unified");
			else
				cgroup_controllers_text(controller, place->name,
							sizeof(place->name));
			snprintf(place->path, sizeof(place->path),
				 "%s/" CGROUP_PARENT "/" CGROUP_CONTAINER "%s%s", hierarchy->path,
				 id, bounded ? "/" CGROUP_INNER : "");
			return true;
		}
	}
	return false;
}

int cgroup_attach(const struct cgroup *cgroup, pid_t pid, struct warden_error *err)
{
	char path[CGROUP_FILE_SIZE], text[16];

	snprintf(text, sizeof(text), "%d", pid);
	for (size_t i = 0; i < cgroup->cgroups->n; i++) {
		const struct cgroup_hierarchy *hierarchy = &cgroup->cgroups->hierarchies[i];

		if (!hierarchy->v2 && !cgroup_is_late(hierarchy) &&
		    cgroup_file_write(hierarchy->fd,
				      cgroup_path(cgroup, hierarchy, "cgroup.procs", path), text,
				      err) < 0)
			return -1;
	}
	return 0;
}
