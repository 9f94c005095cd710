/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes files of control groups, and makes the group that holds the containers' groups.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "backends/linux/cgroup/cgroup_private.h"
#include "lib/cleanup.h"

int cgroup_file_write(int dir_fd, const char *path, const char *text, struct warden_error *err)
{
	_cleanup_close_ int fd = openat(dir_fd, path, O_WRONLY | O_CLOEXEC);
	ssize_t written;

	if (fd < 0)
		return warden_error_errno(err, "open control group's %s", path);
	do
		written = write(fd, text, strlen(text));
	while (written < 0 && errno == EINTR);
	if (written < 0)
		return warden_error_errno(err, "write %s to control group's %s", text, path);
	return 0;
}

ssize_t cgroup_file_read(int dir_fd, const char *path, char *text, size_t size)
{
	_cleanup_close_ int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t got = 1;

	if (fd < 0)
		return -1;
	while (got != 0 && length < size - 1) {
		got = read(fd, text + length, size - 1 - length);
		if (got < 0 && errno != EINTR)
			return -1;
		if (got > 0)
			length += (size_t)got;
	}
	text[length] = '\0';
	return (ssize_t)length;
}

static const char *cgroup_file_join(const struct cgroup *cgroup, bool inner, const char *file,
				    char path[CGROUP_FILE_SIZE])
{
	snprintf(path, CGROUP_FILE_SIZE, "%s%s%s%s%s", cgroup->name, inner ? "/" CGROUP_INNER : "",
		 cgroup->job, *file ? "/" : "", file);
	return path;
}

const char *cgroup_path(const struct cgroup *cgroup, const struct cgroup_hierarchy *hierarchy,
			const char *file, char path[CGROUP_FILE_SIZE])
{
	return cgroup_file_join(cgroup, cgroup->bounded && hierarchy->controllers & CGROUP_MEMORY,
				file, path);
}

static const char *cgroup_file_path(const struct cgroup *cgroup,
				    const struct cgroup_hierarchy *hierarchy,
				    enum cgroup_controller controller, const char *file,
				    char path[CGROUP_FILE_SIZE])
{
	if (*cgroup->job || controller == CGROUP_MEMORY)
		return cgroup_path(cgroup, hierarchy, file, path);
	return cgroup_file_join(cgroup, false, file, path);
}

int cgroup_open_file(const struct cgroup *cgroup, enum cgroup_controller controller,
		     const char *name, int flags)
{
	const struct cgroup_hierarchy *hierarchy = cgroup_hierarchy_of(cgroup->cgroups, controller);
	char path[CGROUP_FILE_SIZE];

	if (!hierarchy) {
		errno = ENOENT;
		return -1;
	}
	return openat(hierarchy->fd, cgroup_file_path(cgroup, hierarchy, controller, name, path),
		      flags | O_CLOEXEC);
}

ssize_t cgroup_read(const struct cgroup *cgroup, enum cgroup_controller controller,
		    const char *name, char *text, size_t size)
{
	const struct cgroup_hierarchy *hierarchy = cgroup_hierarchy_of(cgroup->cgroups, controller);
	char path[CGROUP_FILE_SIZE];

	if (!hierarchy)
		return -1;
	return cgroup_file_read(hierarchy->fd,
				cgroup_file_path(cgroup, hierarchy, controller, name, path), text,
				size);
}

uint64_t cgroup_read_number(const struct cgroup *cgroup, enum cgroup_controller controller,
			    const char *name, uint64_t max)
{
	char text[32];

	if (cgroup_read(cgroup, controller, name, text, sizeof(text)) <= 0)
		return WARDEN_UNKNOWN;
	return strncmp(text, "max", 3) == 0 ? max : strtoull(text, NULL, 10);
}

int cgroup_write(const struct cgroup *cgroup, enum cgroup_controller controller, const char *name,
		 const char *text, struct warden_error *err)
{
	const struct cgroup_hierarchy *hierarchy = cgroup_hierarchy_of(cgroup->cgroups, controller);
	char path[CGROUP_FILE_SIZE], missing[64];

	if (!hierarchy)
		return warden_error_set(
			err, "%s: no control groups for %s", name,
			cgroup_controllers_text(controller, missing, sizeof(missing)));
	return cgroup_file_write(hierarchy->fd,
				 cgroup_file_path(cgroup, hierarchy, controller, name, path), text,
				 err);
}

int cgroup_write_number(const struct cgroup *cgroup, enum cgroup_controller controller,
			const char *name, uint64_t number, struct warden_error *err)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	return cgroup_write(cgroup, controller, name, text, err);
}

uint64_t cgroup_figure(const char *text, const char *name)
{
	size_t length = strlen(name);

	for (; text && *text; text = strchr(text, '\n'), text += text ? 1 : 0)
		if (strncmp(text, name, length) == 0 && text[length] == ' ')
			return strtoull(text + length, NULL, 10);
	return WARDEN_UNKNOWN;
}

bool cgroup_is_v2(const struct cgroup *cgroup, enum cgroup_controller controller)
{
	const struct cgroup_hierarchy *hierarchy = cgroup_hierarchy_of(cgroup->cgroups, controller);

	return hierarchy && hierarchy->v2;
}

/* Another file system may be mounted over the one that was found. */
static bool cgroup_file_is_cgroup(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 &&
	       (fs.f_type == CGROUP_SUPER_MAGIC || fs.f_type == CGROUP2_SUPER_MAGIC);
}

/* Another daemon that ends removed the group between its open and its lock. */
static bool cgroup_parent_is_gone(const struct cgroup_hierarchy *hierarchy, int fd)
{
	struct stat opened, named;

	return fstat(fd, &opened) < 0 ||
	       fstatat(hierarchy->base_fd, CGROUP_PARENT, &named, AT_SYMLINK_NOFOLLOW) < 0 ||
	       opened.st_ino != named.st_ino;
}

/* Makes the group unless it is there, and locks it. */
static int cgroup_parent_open_locked(const struct cgroup_hierarchy *hierarchy,
				     struct warden_error *err)
{
	for (;;) { /* as often as other daemons end just now */
		_cleanup_close_ int fd = -1;

		if (mkdirat(hierarchy->base_fd, CGROUP_PARENT, 0755) < 0 && errno != EEXIST)
			return warden_error_errno(err, "make control group %s/" CGROUP_PARENT,
						  hierarchy->path);
		fd = openat(hierarchy->base_fd, CGROUP_PARENT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0 || flock(fd, LOCK_SH) < 0)
			return warden_error_errno(err,
						  "open and lock control group %s/" CGROUP_PARENT,
						  hierarchy->path);
		if (!cgroup_parent_is_gone(hierarchy, fd))
			return take_fd(&fd);
	}
}

int cgroup_parent_remove(int base_fd)
{
	_cleanup_close_ int fd = openat(base_fd, CGROUP_PARENT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	return flock(fd, LOCK_EX | LOCK_NB) < 0 ? -1
						: unlinkat(base_fd, CGROUP_PARENT, AT_REMOVEDIR);
}

int cgroup_parent_open(const struct cgroup_hierarchy *hierarchy, struct warden_error *err)
{
	_cleanup_close_ int fd = cgroup_parent_open_locked(hierarchy, err);

	if (fd < 0)
		return -1;
	if (!cgroup_file_is_cgroup(fd))
		return warden_error_set(err, "%s/" CGROUP_PARENT " is no control group",
					hierarchy->path);
	if (hierarchy->v2 && cgroup_v2_enable(fd, hierarchy->controllers, err) < 0)
		return -1;
	return take_fd(&fd);
}
