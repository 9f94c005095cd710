/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes files of control groups, and makes the group in which the containers' lie. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "backends/common/util.h"
#include "backends/linux/cgroup_private.h"

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

/* Another mount may lie over the one that was found. */
static bool is_control_group(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 &&
	       (fs.f_type == CGROUP_SUPER_MAGIC || fs.f_type == CGROUP2_SUPER_MAGIC);
}

int cgroup_parent_open(const struct cgroup_hierarchy *hierarchy, struct warden_error *err)
{
	_cleanup_close_ int fd = -1;

	if (mkdirat(hierarchy->base_fd, CGROUP_PARENT, 0755) != 0 && errno != EEXIST)
		return warden_error_errno(err, "make control group %s/" CGROUP_PARENT,
					  hierarchy->path);
	fd = openat(hierarchy->base_fd, CGROUP_PARENT, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return warden_error_errno(err, "open control group %s/" CGROUP_PARENT,
					  hierarchy->path);
	if (!is_control_group(fd))
		return warden_error_set(err, "%s/" CGROUP_PARENT " is no control group",
					hierarchy->path);
	if (hierarchy->v2 && cgroup_v2_enable(fd, hierarchy->controllers, err) != 0)
		return -1;
	return fd_take(&fd);
}
