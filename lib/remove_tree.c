/* SPDX-License-Identifier: Apache-2.0 */
/* Removes trees of any depth with three descriptors: a non-empty directory is moved up into the
 * top one and emptied in the next pass, so no directory is deeper than two levels; see
 * remove_tree.h. */
#include <config.h>

#include "lib/remove_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"

/* Identifies a mount. A bind mount has the same device as its source; a kernel before 5.8 reports
 * the device alone. */
struct mount_id {
	uint64_t mount;
	uint32_t major, minor;
};

struct removal {
	int top_fd;
	struct mount_id mount; /* the mount of the tree */
	uint64_t moved;        /* number of the next moved directory */
	bool progress;         /* something was removed or moved in this pass */
	bool failed;
	bool (*proceed)(void *data);
	void *data;
	bool stopped; /* `proceed` returned false */
	struct warden_error *err;
};

static void remove_tree_note_failure(struct removal *removal, const char *what, const char *name)
{
	if (!removal->failed)
		warden_error_errno(removal->err, "%s %s", what, name);
	removal->failed = true;
}

/* Clears the immutable and append-only flags, which prevent removal even by root. */
static void remove_tree_clear_attributes(int parent_fd, const char *name)
{
	_cleanup_close_ int fd = -1;
	struct stat status;
	int flags;

	if (fstatat(parent_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !(S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)))
		return; /* other types have no flags, and opening a device has side effects */
	fd = openat(parent_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		return; /* the flags are not the reason; the caller reports the error */
	flags &= ~(FS_IMMUTABLE_FL | FS_APPEND_FL);
	ioctl(fd, FS_IOC_SETFLAGS, &flags); /* if it fails the caller reports the error */
}

static int remove_tree_unlink(int parent_fd, const char *name, int flags)
{
	if (unlinkat(parent_fd, name, flags) == 0)
		return 0;
	if (errno != EPERM)
		return -1;
	remove_tree_clear_attributes(parent_fd, name);
	remove_tree_clear_attributes(parent_fd, ".");
	return unlinkat(parent_fd, name, flags);
}

static int remove_tree_read_mount(int fd, struct mount_id *place)
{
	struct statx status = {0};

	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &status) < 0)
		return -1;
	place->mount = status.stx_mask & STATX_MNT_ID ? status.stx_mnt_id : 0;
	place->major = status.stx_dev_major;
	place->minor = status.stx_dev_minor;
	return 0;
}

static bool remove_tree_is_same_mount(const struct removal *removal, int fd)
{
	struct mount_id place;

	return remove_tree_read_mount(fd, &place) == 0 && place.mount == removal->mount.mount &&
	       place.major == removal->mount.major && place.minor == removal->mount.minor;
}

/* Opens a directory for reading, whatever its mode, unless it is a mount point. */
static int remove_tree_open(struct removal *removal, int parent_fd, const char *name)
{
	const int flags = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	_cleanup_close_ int path_fd = openat(parent_fd, name, flags | O_PATH);
	int fd;

	if (path_fd < 0)
		return -1;
	if (!remove_tree_is_same_mount(removal, path_fd)) {
		errno = EXDEV;
		return -1;
	}
	fd = openat(path_fd, ".", flags | O_RDONLY);
	if (fd >= 0 && fchmod(fd, 0700) < 0 && errno == EPERM) {
		remove_tree_clear_attributes(fd, ".");
		if (fchmod(fd, 0700) < 0)
			remove_tree_note_failure(removal, "set mode 0700 of", name);
	}
	if (fd < 0 && errno == EACCES && fchmodat(parent_fd, name, 0700, 0) == 0)
		fd = openat(path_fd, ".", flags | O_RDONLY);
	return fd;
}

static int remove_tree_move_up(struct removal *removal, int parent_fd, const char *name)
{
	char moved[48];
	int result;

	if (parent_fd == removal->top_fd)
		return -1; /* already in the top directory: this pass removes it */
	do {               /* a name may be left of a removal that was interrupted */
		snprintf(moved, sizeof(moved), ".removed-%llu",
			 (unsigned long long)removal->moved++);
		result = renameat2(parent_fd, name, removal->top_fd, moved, RENAME_NOREPLACE);
	} while (result < 0 && errno == EEXIST);
	if (result == 0)
		return 0;
	if (errno == EACCES && fchmodat(parent_fd, name, 0700, 0) == 0 &&
	    renameat2(parent_fd, name, removal->top_fd, moved, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EPERM)
		return -1;
	remove_tree_clear_attributes(parent_fd, name);
	return renameat2(parent_fd, name, removal->top_fd, moved, RENAME_NOREPLACE);
}

static void remove_tree_empty(struct removal *removal, int fd, bool is_top);

/* Empties and removes a subdirectory of the top one. */
static void remove_tree_remove_directory(struct removal *removal, const char *name)
{
	_cleanup_close_ int fd = remove_tree_open(removal, removal->top_fd, name);

	if (fd < 0) {
		remove_tree_note_failure(removal, "open", name);
		return;
	}
	remove_tree_empty(removal, fd, false);
	if (remove_tree_unlink(removal->top_fd, name, AT_REMOVEDIR) == 0)
		removal->progress = true;
	else
		remove_tree_note_failure(removal, "remove", name);
}

static void remove_tree_remove_entry(struct removal *removal, int fd, const char *name, bool is_top)
{
	if (remove_tree_unlink(fd, name, 0) == 0) {
		removal->progress = true;
		return;
	}
	if (errno != EISDIR && errno != EPERM) {
		remove_tree_note_failure(removal, "remove", name);
		return;
	}
	if (remove_tree_unlink(fd, name, AT_REMOVEDIR) == 0 ||
	    (!is_top && remove_tree_move_up(removal, fd, name) == 0))
		removal->progress = true;
	else if (is_top)
		remove_tree_remove_directory(removal, name);
	else
		remove_tree_note_failure(removal, "move", name);
}

/* Removes the entries of a directory: the top one or one of its subdirectories, whose own
 * subdirectories are moved up. */
static void remove_tree_empty(struct removal *removal, int fd, bool is_top)
{
	_cleanup_closedir_ DIR *dir = NULL;
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct dirent *entry;

	dir = copy < 0 ? NULL : fdopendir(copy);
	if (!dir) {
		remove_tree_note_failure(removal, "read", "a directory");
		if (copy >= 0)
			close(copy);
		return;
	}
	while (!removal->stopped && (entry = readdir(dir))) {
		removal->stopped = removal->proceed && !removal->proceed(removal->data);
		if (!removal->stopped && strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			remove_tree_remove_entry(removal, fd, entry->d_name, is_top);
	}
}

int remove_tree_while(int parent_fd, const char *name, bool (*proceed)(void *data), void *data,
		      struct warden_error *err)
{
	struct removal removal = {.proceed = proceed, .data = data, .err = err};
	_cleanup_close_ int top_fd = -1;
	struct stat status;

	if (!*name || strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
		errno = EINVAL;
		return warden_error_errno(err, "remove '%s'", name);
	}
	if (fstatat(parent_fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : warden_error_errno(err, "stat %s", name);
	if (!S_ISDIR(status.st_mode)) {
		if (remove_tree_unlink(parent_fd, name, 0) < 0)
			return warden_error_errno(err, "remove %s", name);
		return 0;
	}
	if (remove_tree_read_mount(parent_fd, &removal.mount) < 0)
		return warden_error_errno(err, "stat the directory of %s", name);
	top_fd = remove_tree_open(&removal, parent_fd, name);
	if (top_fd < 0)
		return warden_error_errno(err, "open %s", name);
	removal.top_fd = top_fd;
	/* Each pass empties the directories that the previous one moved up. */
	do {
		removal.progress = removal.failed = false;
		remove_tree_empty(&removal, top_fd, true);
	} while (!removal.stopped && removal.progress &&
		 remove_tree_unlink(parent_fd, name, AT_REMOVEDIR) < 0);
	if (removal.stopped) {
		errno = ECANCELED;
		return warden_error_errno(err, "remove %s", name);
	}
	if (remove_tree_unlink(parent_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	return removal.failed ? -1 : warden_error_errno(err, "remove %s", name);
}

int remove_tree(int parent_fd, const char *name, struct warden_error *err)
{
	return remove_tree_while(parent_fd, name, NULL, NULL, err);
}
