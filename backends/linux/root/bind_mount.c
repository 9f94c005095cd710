/* SPDX-License-Identifier: Apache-2.0 */
/* A client's bind mounts; see bind_mount.h. Source and target are hostile: another container may
 * replace parts of a path by links meanwhile, so a path is resolved once, into a descriptor, which
 * is used from then on. */
#include "backends/linux/root/bind_mount.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/linux/create/user_namespace.h"
#include "backends/linux/root/layers.h"
#include "backends/linux/root/mount_api.h"
#include "lib/cleanup.h"
#include "lib/inside.h"

/* The largest depth of a target below the root. */
#define DEPTH_MAX 256

/* Whether vcap may have the rights of a source's owner: not root's, and only the client's own
 * unless the client is root. */
static bool bind_mount_may_map_owner(const struct setup *setup, uint32_t owner, uint32_t client)
{
	return owner != 0 && (setup->parameters.client_uid == 0 || owner == client);
}

/* Sets attributes and swaps vcap with the owner of the source, so that vcap may use the client's
 * files; all other ids stay those of the container, which no host user has. */
static int bind_mount_set_mapped(const struct setup *setup, const struct stat *source,
				 uint64_t attributes, int copy, struct warden_error *err)
{
	const struct setup_parameters *p = &setup->parameters;
	uint32_t vcap = p->base + p->uid;
	uint32_t group = bind_mount_may_map_owner(setup, source->st_gid, p->client_gid)
				 ? source->st_gid
				 : vcap;
	struct user_map uids = {0, UINT32_MAX, source->st_uid, vcap};
	struct user_map gids = {0, UINT32_MAX, group, vcap};
	_cleanup_close_ int user = user_namespace_for_mount(&uids, &gids, err);

	if (user < 0)
		return -1;
	if (mount_set(copy, attributes, user, true) < 0)
		return warden_error_errno(
			err, "map the ids of its file system, or of one mounted below it");
	return 0;
}

/* Says so of a writable source in which nobody inside can write: its owner is not mapped to vcap
 * and its mode gives others no right. Root inside is nobody there too. */
static void bind_mount_note_unwritable(struct setup *setup, const struct setup_bind *bind,
				       const struct stat *source)
{
	struct warden_error note;
	char owner[32] = "root";

	if (!bind->writable || setup->parameters.base == 0 || (source->st_mode & S_IWOTH))
		return;
	if (source->st_uid != 0)
		snprintf(owner, sizeof(owner), "user %u", source->st_uid);
	warden_error_set(&note,
			 "bind mount of %.256s: it belongs to %s, so nobody inside can write "
			 "there; chown it to %s, whose files are vcap's inside",
			 bind->src_path, owner,
			 setup->parameters.client_uid == 0 ? "an ordinary user"
							   : "the client's user");
	setup_note(setup, &note);
}

/* Sets the attributes of a copied mount: no setuid programs or devices work inside, and no id
 * inside is mapped to root of the host. */
static int bind_mount_set_attributes(struct setup *setup, const struct setup_bind *bind, int copy,
				     struct warden_error *err)
{
	uint64_t attributes =
		MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (bind->writable ? 0 : MOUNT_ATTR_RDONLY);
	struct warden_error reason, note;
	struct stat source;

	if (fstat(copy, &source) < 0)
		return warden_error_errno(err, "stat bind mount source %s", bind->src_path);
	if (bind_mount_may_map_owner(setup, source.st_uid, setup->parameters.client_uid)) {
		if (bind_mount_set_mapped(setup, &source, attributes, copy, &reason) == 0)
			return 0;
		warden_error_set(&note, "bind mount of %.256s: its owner is not mapped to vcap: %s",
				 bind->src_path, reason.message);
		setup_note(setup, &note);
	} else {
		bind_mount_note_unwritable(setup, bind, &source);
	}
	if (mount_set(copy, attributes, -1, true) < 0)
		return warden_error_errno(err, "set the attributes of bind mount %s",
					  bind->src_path);
	return 0;
}

static int bind_mount_open_source(struct setup *setup, size_t i, struct warden_error *err)
{
	const struct setup_bind *bind = &setup->binds[i];
	_cleanup_close_ int fd = layers_open_as_client(setup, bind->src_path, 0, err);

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return warden_error_set(err, "Source path for bind mount does not exist: %s",
					bind->src_path);
	if (fd < 0)
		return -1;
	setup->bind_sources[i] = mount_clone(fd, "", true);
	if (setup->bind_sources[i] < 0)
		return warden_error_errno(err, "copy the mount of %s", bind->src_path);
	return bind_mount_set_attributes(setup, bind, setup->bind_sources[i], err);
}

int bind_mount_open_sources(struct setup *setup, struct warden_error *err)
{
	for (size_t i = 0; i < setup->parameters.n_binds; i++)
		if (bind_mount_open_source(setup, i, err) < 0)
			return -1;
	return 0;
}

static const char *const reserved[] = {"dev", "proc", "sys"};

/* Walks up from `fd` and fails if it is in one of the reserved directories. The directory
 * of a file was checked before. */
static int bind_mount_check_target(const struct setup *setup, int fd, const char *dst,
				   struct warden_error *err)
{
	_cleanup_close_ int at = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	struct stat root, here, there;

	if (at < 0 || fstat(setup->root_fd, &root) < 0)
		return warden_error_errno(err, "stat bind mount target %s", dst);
	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		int above;

		if (fstat(at, &here) < 0)
			return warden_error_errno(err, "stat bind mount target %s", dst);
		if (!S_ISDIR(here.st_mode) ||
		    (here.st_dev == root.st_dev && here.st_ino == root.st_ino))
			return 0;
		for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
			if (fstatat(setup->root_fd, reserved[i], &there, AT_SYMLINK_NOFOLLOW) ==
				    0 &&
			    there.st_dev == here.st_dev && there.st_ino == here.st_ino)
				return warden_error_set(err,
							"bind mount target %s is in /%s, which the "
							"container's own mounts use",
							dst, reserved[i]);
		above = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (above < 0)
			return warden_error_errno(err, "open the parent of bind mount target %s",
						  dst);
		close(at);
		at = above;
	}
	return warden_error_set(err, "bind mount target %s is more than %d directories deep", dst,
				DEPTH_MAX);
}

/* Makes an entry with the rights of the container's root: in an earlier bind mount it may lack
 * them. It has all rights in directories of the container's ids: there we act as the owner. */
static int bind_mount_make_entry(const struct setup *setup, int above, const char *name,
				 bool directory, struct warden_error *err)
{
	const struct setup_parameters *p = &setup->parameters;
	uid_t uid = p->base;
	gid_t gid = p->base;
	struct stat status;
	int result, number;

	if (fstat(above, &status) < 0)
		return -1;
	if (status.st_uid - p->base < ID_RANGE && status.st_gid - p->base < ID_RANGE) {
		uid = status.st_uid;
		gid = status.st_gid;
	}
	if (user_act_as(uid, gid, false, err) < 0)
		return -1;
	result = directory ? mkdirat(above, name, 0755) : mknodat(above, name, S_IFREG | 0644, 0);
	number = errno;
	if (user_act_as(p->base, p->base, true, err) < 0)
		return -1;
	errno = number;
	return result;
}

/* A target whose missing parts are made. */
struct bind_mount_target {
	const struct setup *setup;
	const char *dst;
	bool directory; /* the last part is to be one, else a file */
	bool refused;   /* `err` has the reason */
	struct warden_error *err;
};

/* Makes a part, perhaps where a dangling link leads. */
static int bind_mount_make_part(void *data, int directory_fd, const char *name, bool last)
{
	struct bind_mount_target *target = data;

	target->refused =
		bind_mount_check_target(target->setup, directory_fd, target->dst, target->err) < 0;
	if (target->refused)
		return -1;
	return bind_mount_make_entry(target->setup, directory_fd, name, !last || target->directory,
				     target->err);
}

/* Opens `path` of the target; makes it if absent. */
static int bind_mount_open_or_make(struct bind_mount_target *target, const char *path)
{
	const struct inside_maker maker = {.make = bind_mount_make_part, .data = target};
	int root_fd = target->setup->root_fd;
	int fd = inside_open_or_make(root_fd, path, RESOLVE_IN_ROOT, &maker);
	struct stat status;

	if (fd < 0 && !target->refused)
		return warden_error_errno(target->err, "make /%s for bind mount target %s", path,
					  target->dst);
	if (fd < 0 || !target->directory || fstat(fd, &status) < 0 || S_ISDIR(status.st_mode))
		return fd;
	close(fd); /* opened O_PATH */
	return warden_error_set(target->err, "/%s for bind mount target %s is not a directory",
				path, target->dst);
}

/* Opens the target of a bind mount and makes missing parts. Returns -1 and `err` on failure. */
static int bind_mount_open_target(const struct setup *setup, const char *dst, bool directory,
				  struct warden_error *err)
{
	struct bind_mount_target target = {.setup = setup, .dst = dst, .err = err};
	char path[PATH_MAX];
	char *end = path;
	int fd = fcntl(setup->root_fd, F_DUPFD_CLOEXEC, 0);

	snprintf(path, sizeof(path), "%s", dst + strspn(dst, "/"));
	for (size_t length = strlen(path); length > 0 && path[length - 1] == '/'; length--)
		path[length - 1] = '\0';
	while (fd >= 0 && *end) {
		char *slash = strchr(end, '/');

		if (slash)
			*slash = '\0';
		close(fd); /* opened O_PATH */
		target.directory = slash || directory;
		fd = bind_mount_open_or_make(&target, path);
		if (fd >= 0 && bind_mount_check_target(setup, fd, dst, err) < 0) {
			close(fd);
			return -1;
		}
		end += strlen(end);
		if (slash) {
			*slash = '/';
			end = slash + strspn(slash, "/");
		}
	}
	return fd;
}

int bind_mount_open_directory(const struct setup *setup, const char *path, struct warden_error *err)
{
	return bind_mount_open_target(setup, path, true, err);
}

static int bind_mount_attach_one(const struct setup *setup, size_t i, struct warden_error *err)
{
	const char *dst = setup->binds[i].dst_path;
	_cleanup_close_ int target = -1;
	struct stat root, status;

	if (fstat(setup->bind_sources[i], &status) < 0)
		return warden_error_errno(err, "stat bind mount source %s",
					  setup->binds[i].src_path);
	target = bind_mount_open_target(setup, dst, S_ISDIR(status.st_mode), err);
	if (target < 0)
		return -1;
	if (fstat(setup->root_fd, &root) == 0 && fstat(target, &status) == 0 &&
	    root.st_dev == status.st_dev && root.st_ino == status.st_ino)
		return warden_error_set(err, "bind mount target %s is the root itself", dst);
	if (mount_attach(setup->bind_sources[i], target) < 0)
		return warden_error_errno(err, "bind mount at %s", dst);
	return 0;
}

int bind_mount_attach(struct setup *setup, struct warden_error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++) {
		_cleanup_close_ int fd = mount_open_directory(setup->root_fd, reserved[i], 0755);

		if (fd < 0)
			return warden_error_errno(err, "open /%s of rootfs %s", reserved[i],
						  setup->parameters.rootfs);
	}
	for (size_t i = 0; i < setup->parameters.n_binds; i++)
		if (bind_mount_attach_one(setup, i, err) < 0)
			return -1;
	return 0;
}
