/* SPDX-License-Identifier: Apache-2.0 */
/* A container's root: its layers and the pivot; see root_mounts.h. All mounts belong to the host's
 * user namespace; in the copy that the container's first process makes they are locked. */
#include "backends/linux/root/root_mounts.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "backends/linux/create/user_namespace.h"
#include "backends/linux/root/mount_api.h"
#include "backends/linux/root/union.h"
#include "lib/cleanup.h"

int root_mounts_private(struct setup *setup, struct warden_error *err)
{
	struct stat held, opened;

	if (unshare(CLONE_NEWNS) < 0)
		return warden_error_errno(err, "make a mount namespace");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return warden_error_errno(err, "make all mounts private");
	/* The received descriptor belongs to the daemon's mount namespace, in which this process
	 * cannot attach. */
	if (fstat(setup->directory_fd, &held) < 0)
		return warden_error_errno(err, "stat %s", setup->parameters.path);
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

/* Opens the user namespace to map the layers with: the container's, or one that maps the rootfs's
 * vcap to the container's vcap. `*fd` is -1 if none is needed. */
static int root_mounts_open_map(const struct setup *setup, int *fd, struct warden_error *err)
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

/* Maps a layer and attaches it over `target`: overlay on Linux 6.1 refuses a layer that is not
 * attached. */
static int root_mounts_map_and_attach(int layer, uint64_t attributes, int map_fd, int target,
				      const char *path, struct warden_error *err)
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

/* Makes the mount point and the directories of the writable layer, whose names agents of the host
 * know, and those that further layers are attached to. On a tmpfs that layer's are made there. */
static int root_mounts_make_folders(const struct setup *setup, struct warden_error *err)
{
	static const char *const folders[] = {UNION_MOUNT, UNION_TMP, UNION_UPPER, UNION_WORK};
	const struct setup_parameters *p = &setup->parameters;
	size_t n = p->tmpfs_bytes > 0 ? 2 : ARRAY_SIZE(folders);

	for (size_t i = 0; i < n; i++)
		if (mkdirat(setup->directory_fd, folders[i], 0700) < 0)
			return warden_error_errno(err, "make %s/%s", p->path, folders[i]);
	/* Both, since overlay moves files between them. */
	if (p->project > 0 && p->tmpfs_bytes == 0 &&
	    (disk_quota_mark(setup->directory_fd, UNION_UPPER, p->project, err) < 0 ||
	     disk_quota_mark(setup->directory_fd, UNION_WORK, p->project, err) < 0))
		return -1;
	for (size_t i = 0; p->n_layers > 1 && i < p->n_layers; i++) {
		struct union_layer_name name = union_layer_name(i);

		if (mkdirat(setup->directory_fd, name.text, 0700) < 0)
			return warden_error_errno(err, "make %s/%s", p->path, name.text);
	}
	return 0;
}

/* Returns `id`, or root's id if the container does not map it. */
static uint32_t root_mounts_clamp_id(const struct setup_parameters *p, uint32_t id)
{
	return p->base > 0 && id - p->base >= ID_RANGE ? p->base : id;
}

/* The container's root has the owner and mode of the upper directory, which gets those of the
 * topmost layer, both as mapped. */
static int root_mounts_copy_mode(const struct setup *setup, struct warden_error *err)
{
	const struct setup_parameters *p = &setup->parameters;
	struct stat status;

	if (fstat(setup->layer_fds[0], &status) < 0)
		return warden_error_errno(err, "stat rootfs %s", p->rootfs);
	if (chown(UNION_UPPER, root_mounts_clamp_id(p, status.st_uid),
		  root_mounts_clamp_id(p, status.st_gid)) < 0 ||
	    chmod(UNION_UPPER, status.st_mode & 0777) < 0)
		return warden_error_errno(err, "set the mode of %s/" UNION_UPPER, p->path);
	return 0;
}

/* Changes to a mapped copy of the container's directory. */
static int root_mounts_attach_directory(const struct setup *setup, int map,
					struct warden_error *err)
{
	const char *path = setup->parameters.path;
	_cleanup_close_ int upper = mount_clone(setup->directory_fd, "", false);

	if (upper < 0)
		return warden_error_errno(err, "copy the mount of %s", path);
	if (root_mounts_map_and_attach(upper, 0, map, setup->directory_fd, path, err) < 0)
		return -1;
	if (fchdir(upper) < 0)
		return warden_error_errno(err, "change to %s", path);
	return 0;
}

static int root_mounts_attach_layer(const struct setup *setup, size_t i, const char *name, int map,
				    struct warden_error *err)
{
	_cleanup_close_ int target = open(name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (target < 0)
		return warden_error_errno(err, "open %s/%s", setup->parameters.path, name);
	return root_mounts_map_and_attach(setup->layer_fds[i], MOUNT_ATTR_RDONLY, map, target,
					  setup->layers[i].path, err);
}

/* Attaches all layers in the container's directory, which becomes the working directory. */
static int root_mounts_attach_layers(struct setup *setup, struct warden_error *err)
{
	size_t n = setup->parameters.n_layers;
	_cleanup_close_ int map = -1;

	if (root_mounts_open_map(setup, &map, err) < 0 ||
	    root_mounts_attach_directory(setup, map, err) < 0)
		return -1;
	if (n == 1)
		return root_mounts_attach_layer(setup, 0, UNION_MOUNT, map, err);
	for (size_t i = 0; i < n; i++)
		if (root_mounts_attach_layer(setup, i, union_layer_name(i).text, map, err) < 0)
			return -1;
	return 0;
}

/* Mounts a tmpfs for upper and work directory. A tmpfs cannot be mapped on Linux 6.1, so its files
 * are made with the container's ids. */
static int root_mounts_attach_tmpfs(struct setup *setup, struct warden_error *err)
{
	const struct setup_parameters *p = &setup->parameters;
	char bytes[24], inodes[24], owner[16];
	struct mount_option options[] = {
		{"source", "warden"}, {"mode", "0755"}, {"uid", owner}, {"gid", owner},
		{"size", bytes},      {NULL, NULL}, /* replaced by nr_inodes, if set */
		{NULL, NULL},
	};
	_cleanup_close_ int target = open(UNION_TMP, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_close_ int mount = -1;

	snprintf(bytes, sizeof(bytes), "%" PRIu64, p->tmpfs_bytes);
	snprintf(inodes, sizeof(inodes), "%" PRIu64, p->tmpfs_inodes);
	snprintf(owner, sizeof(owner), "%u", p->base);
	if (p->tmpfs_inodes > 0)
		options[5] = (struct mount_option){"nr_inodes", inodes};
	mount = mount_make("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, err);
	if (mount < 0)
		return -1;
	if (target < 0 || mount_attach(mount, target) < 0)
		return warden_error_errno(err, "attach a tmpfs to %s/" UNION_TMP, p->path);
	if (mkdir(UNION_UPPER, 0755) < 0 || mkdir(UNION_WORK, 0755) < 0 ||
	    chown(UNION_WORK, p->base, p->base) < 0)
		return warden_error_errno(err, "make the folders of a tmpfs");
	return 0;
}

static int root_mounts_attach_writable(struct setup *setup, struct warden_error *err)
{
	if (setup->parameters.tmpfs_bytes > 0 && root_mounts_attach_tmpfs(setup, err) < 0)
		return -1;
	return root_mounts_copy_mode(setup, err);
}

int root_mounts_make(struct setup *setup, struct warden_error *err)
{
	const struct setup_parameters *p = &setup->parameters;

	if (root_mounts_make_folders(setup, err) < 0 || root_mounts_attach_layers(setup, err) < 0 ||
	    root_mounts_attach_writable(setup, err) < 0)
		return -1;
	/* Overlay makes files in the upper layer with the credentials of the mounting process: its
	 * id must be in the layers' map, and disk quotas must limit it. */
	if (user_act_as(p->base, p->base, true, err) < 0 || user_obey_quota(true, err) < 0 ||
	    union_attach(setup, err) < 0)
		return -1;
	return user_obey_quota(false, err);
}

int root_mounts_pivot(struct setup *setup, struct warden_error *err)
{
	if (fchdir(setup->root_fd) < 0)
		return warden_error_errno(err, "change to the container's root");
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return warden_error_errno(err, "pivot to the container's root");
	/* The old root is mounted over the new one now. */
	if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return warden_error_errno(err, "leave the host's root");
	return 0;
}
