/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts as descriptors; see mount_api.h. */
#include "backends/linux/root/mount_api.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/cleanup.h"

/* Sets an error with the file system's own message, if it wrote one. */
static int mount_report_failure(int context, const char *what, const char *type,
				struct warden_error *err)
{
	char message[512];
	int number = errno;
	ssize_t length = read(context, message, sizeof(message) - 1);

	errno = number;
	if (length <= 2)
		return warden_error_errno(err, "%s of %s", what, type);
	message[length] = '\0';
	/* A line begins with its class: "e " is an error. */
	return warden_error_errno(err, "%s of %s: %s", what, type, message + 2);
}

int mount_make(const char *type, const struct mount_option *options, uint64_t attributes,
	       struct warden_error *err)
{
	_cleanup_close_ int context = fsopen(type, FSOPEN_CLOEXEC);
	int mount;

	if (context < 0)
		return warden_error_errno(err, "open file system %s", type);
	for (; options->key; options++) {
		unsigned command = options->value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;

		if (fsconfig(context, command, options->key, options->value, 0) < 0)
			return mount_report_failure(context, options->key, type, err);
	}
	if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return mount_report_failure(context, "set-up", type, err);
	mount = fsmount(context, FSMOUNT_CLOEXEC, (unsigned)attributes);
	if (mount < 0)
		return mount_report_failure(context, "mount", type, err);
	return mount;
}

int mount_clone(int directory, const char *path, bool recursive)
{
	return open_tree(directory, path,
			 OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH |
				 (recursive ? AT_RECURSIVE : 0));
}

int mount_set(int mount, uint64_t attributes, int user_fd, bool recursive)
{
	struct mount_attr attr = {.attr_set = attributes};

	if (user_fd >= 0) {
		attr.attr_set |= MOUNT_ATTR_IDMAP;
		attr.userns_fd = (uint64_t)user_fd;
	}
	return mount_setattr(mount, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr,
			     sizeof(attr));
}

int mount_attach(int mount, int target)
{
	return move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

int mount_open_below(int directory, const char *path, int flags, mode_t mode, uint64_t resolve)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.mode = mode,
		.resolve = resolve,
	};

	return (int)syscall(SYS_openat2, directory, path, &how, sizeof(how));
}

int mount_open_directory(int directory, const char *path, mode_t mode)
{
	int fd;

	if (mkdirat(directory, path, mode) < 0 && errno != EEXIST)
		return -1;
	fd = mount_open_below(directory, path, O_PATH | O_DIRECTORY, 0,
			      RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	if (fd >= 0 || (errno != ELOOP && errno != ENOTDIR))
		return fd;
	if (unlinkat(directory, path, 0) < 0 || mkdirat(directory, path, mode) < 0)
		return -1;
	return mount_open_below(directory, path, O_PATH | O_DIRECTORY, 0,
				RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}
