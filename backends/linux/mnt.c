/* SPDX-License-Identifier: Apache-2.0 */
/* A container's root: its layers, the overlay, and the way into it; see mnt.h. All mounts belong to
 * the host's user namespace and are locked by the copy that the container's first process makes of
 * them. */
#include "backends/linux/mnt.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "backends/common/util.h"
#include "backends/linux/mount_api.h"
#include "backends/linux/user.h"

int mnt_private(struct setup *setup, struct warden_error *err)
{
	struct stat held, opened;

	if (unshare(CLONE_NEWNS) < 0)
		return warden_error_errno(err, "make a mount namespace");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return warden_error_errno(err, "make all mounts private");
	/* The descriptor that came with the request belongs to the mounts of the daemon's
	 * namespace, where nothing can be attached from here. */
	if (fstat(setup->directory_fd, &held) < 0)
		return warden_error_errno(err, "look at %s", setup->parameters.path);
	close(setup->directory_fd);
	setup->directory_fd =
		open(setup->parameters.path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (setup->directory_fd < 0 || fstat(setup->directory_fd, &opened) < 0)
		return warden_error_errno(err, "open %s", setup->parameters.path);
	if (held.st_dev != opened.st_dev || held.st_ino != opened.st_ino)
		return warden_error_set(err, "%s is not the container's directory any more",
					setup->parameters.path);
	return 0;
}

/* The user namespace that both layers are mapped with: the container's own, or one in which the
 * files of a vcap that the rootfs has are those of the container's. -1 in `fd`: none is needed. */
static int layer_map(const struct setup *setup, int *fd, struct warden_error *err)
{
	const struct setup_parameters *p = &setup->parameters;
	uint32_t count = setup->namespace_fd >= 0 ? ID_RANGE : UINT32_MAX;
	struct user_map uids = {p->base, count, setup->image_uid, p->uid};
	struct user_map gids = {p->base, count, setup->image_gid, p->uid};

	*fd = -1;
	if (setup->image_uid > 0 || setup->image_gid > 0) {
		if (setup->image_uid == 0)
			uids.other = uids.one;
		if (setup->image_gid == 0)
			gids.other = gids.one;
		*fd = user_namespace_for_mount(&uids, &gids, err);
		return *fd < 0 ? -1 : 0;
	}
	if (setup->namespace_fd < 0)
		return 0;
	*fd = fcntl(setup->namespace_fd, F_DUPFD_CLOEXEC, 0);
	return *fd < 0 ? warden_error_errno(err, "copy a descriptor") : 0;
}

/* A layer, mapped and attached over `target`: Linux 6.1 refuses one that is attached nowhere. */
static int layer_attach(int layer, uint64_t attributes, int map_fd, int target, const char *path,
			struct warden_error *err)
{
	if (mount_set(layer, attributes, map_fd, false) < 0)
		return warden_error_errno(
			err,
			"map the ids of %s (a file system that cannot be mapped, such as an "
			"overlay? move it to another one, or set server.user_namespace = false)",
			path);
	if (mount_attach(layer, target) < 0)
		return warden_error_errno(err, "attach a copy of %s", path);
	return 0;
}

/* The folders of the writable layer; the container's root has its mode from the upper one. */
static int make_folders(const struct setup *setup, struct warden_error *err)
{
	static const char *const folders[] = {"rw", "work", "rootfs"};
	struct stat status;

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (mkdirat(setup->directory_fd, folders[i], 0700) < 0)
			return warden_error_errno(err, "make %s/%s", setup->parameters.path,
						  folders[i]);
	if (fstat(setup->rootfs_fd, &status) < 0)
		return warden_error_errno(err, "look at rootfs %s", setup->parameters.rootfs);
	if (fchownat(setup->directory_fd, "rw", status.st_uid, status.st_gid, 0) < 0 ||
	    fchmodat(setup->directory_fd, "rw", status.st_mode & 0777, 0) < 0)
		return warden_error_errno(err, "set the mode of %s/rw", setup->parameters.path);
	return 0;
}

/* Attaches both layers in the container's directory, which becomes the working directory: overlay
 * is then given names that tell the container nothing. */
static int attach_layers(struct setup *setup, struct warden_error *err)
{
	const struct setup_parameters *p = &setup->parameters;
	_cleanup_close_ int map = -1, upper = -1, target = -1;

	if (layer_map(setup, &map, err) < 0)
		return -1;
	upper = mount_clone(setup->directory_fd, "", false);
	if (upper < 0)
		return warden_error_errno(err, "copy the mount of %s", p->path);
	if (layer_attach(upper, 0, map, setup->directory_fd, p->path, err) < 0)
		return -1;
	if (fchdir(upper) < 0)
		return warden_error_errno(err, "change to %s", p->path);
	target = open("rootfs", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0)
		return warden_error_errno(err, "open %s/rootfs", p->path);
	return layer_attach(setup->rootfs_fd, MOUNT_ATTR_RDONLY, map, target, p->rootfs, err);
}

int mnt_root(struct setup *setup, struct warden_error *err)
{
	static const struct mount_option options[] = {
		{"source", "warden"}, {"lowerdir", "rootfs"}, {"upperdir", "rw"},
		{"workdir", "work"},  {"volatile", NULL},     {"redirect_dir", "nofollow"},
		{"metacopy", "off"},  {"index", "off"},       {"xino", "off"},
		{NULL, NULL},
	};
	const struct setup_parameters *p = &setup->parameters;
	_cleanup_close_ int target = -1;

	if (make_folders(setup, err) < 0 || attach_layers(setup, err) < 0)
		return -1;
	/* Overlay makes its files as who mounts it, which the layers' map must know. */
	if (user_act_as(p->base, p->base, true, err) < 0)
		return -1;
	/* The super block is the host's, so device nodes would work were it not for NODEV. */
	setup->root_fd = mount_make("overlay", options, MOUNT_ATTR_NODEV, err);
	if (setup->root_fd < 0)
		return -1;
	target = open("rootfs", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0 || mount_attach(setup->root_fd, target) < 0)
		return warden_error_errno(err, "attach the container's root");
	return 0;
}

int mnt_pivot(struct setup *setup, struct warden_error *err)
{
	if (fchdir(setup->root_fd) < 0)
		return warden_error_errno(err, "change to the container's root");
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return warden_error_errno(err, "make it the root");
	/* The old root lies over the new one now. */
	if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return warden_error_errno(err, "leave the host's root");
	return 0;
}
