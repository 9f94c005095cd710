/* SPDX-License-Identifier: Apache-2.0 */
/* Creates files of each type; see unpack_tree.h. */
#include <config.h>

#include "client/unpack/unpack_tree.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/cleanup.h"
#include "lib/remove_tree.h"

/* The name of a hard link until it replaces what has its own. */
#define LINK_NAME ".warden-unpack-link"

/* The uids and gids of a container, from 0 on. */
enum { CONTAINER_IDS = 65536 };

/* An entry to be created. */
struct unpack_item {
	struct unpack_tree *tree;
	struct unpack_source *source;
	struct archive_entry *entry;
	const char *name;
	int parent_fd;
	const char *base; /* its name in that directory */
};

static int unpack_tree_remove_at(int parent_fd, const char *base, struct warden_error *err)
{
	if (unlinkat(parent_fd, base, 0) == 0 || errno == ENOENT)
		return 0;
	return remove_tree(parent_fd, base, err);
}

static mode_t unpack_tree_item_mode(const struct unpack_item *item, bool directory)
{
	mode_t mode = (mode_t)archive_entry_perm(item->entry) & 07777;

	if (item->tree->private)
		return directory ? 0700 : 0600;
	/* Set-id bits are dropped: any user of the host could run the program as its owner. */
	if (!directory && !(item->tree->keep_setuid && item->tree->owners))
		mode &= ~(mode_t)(S_ISUID | S_ISGID);
	/* Without root the directory could otherwise be neither filled nor removed. */
	if (directory && !item->tree->owners)
		mode |= 0700;
	return mode;
}

static void unpack_tree_item_times(const struct unpack_item *item, struct timespec times[2])
{
	struct timespec modified = {
		.tv_sec = (time_t)archive_entry_mtime(item->entry),
		.tv_nsec = archive_entry_mtime_nsec(item->entry),
	};

	if (!archive_entry_mtime_is_set(item->entry))
		modified.tv_nsec = UTIME_NOW;
	times[0] = times[1] = modified;
}

/* Remembers a file that belongs to ids beyond those of a container. */
static void unpack_tree_note_owner(const struct unpack_item *item, la_int64_t uid, la_int64_t gid)
{
	struct unpack_tree *tree = item->tree;

	if (uid < CONTAINER_IDS && gid < CONTAINER_IDS)
		return;
	if (tree->n_foreign++ == 0)
		snprintf(tree->foreign, sizeof(tree->foreign), "%.400s (%lld:%lld)", item->name,
			 (long long)uid, (long long)gid);
}

/* Runs before the mode is set, because chown clears set-id bits. */
static int unpack_tree_set_owner(const struct unpack_item *item, struct warden_error *err)
{
	la_int64_t uid = archive_entry_uid(item->entry), gid = archive_entry_gid(item->entry);

	if (!item->tree->owners || item->tree->private)
		return 0;
	if (uid < 0 || uid >= UINT32_MAX || gid < 0 || gid >= UINT32_MAX)
		return warden_error_set(err, "%s: its owner %lld:%lld is out of range", item->name,
					(long long)uid, (long long)gid);
	if (fchownat(item->parent_fd, item->base, (uid_t)uid, (gid_t)gid, AT_SYMLINK_NOFOLLOW) < 0)
		return warden_error_errno(err, "give %s to %lld:%lld", item->name, (long long)uid,
					  (long long)gid);
	unpack_tree_note_owner(item, uid, gid);
	return 0;
}

static int unpack_tree_write_all(int fd, const char *data, size_t size, off_t offset)
{
	while (size > 0) {
		ssize_t written = pwrite(fd, data, size, offset);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -1;
		data += written;
		size -= (size_t)written;
		offset += written;
	}
	return 0;
}

/* Writes the content and keeps holes. */
static int unpack_tree_write_content(const struct unpack_item *item, int fd,
				     struct warden_error *err)
{
	const void *data;
	size_t size;
	off_t offset;
	int more;

	while ((more = unpack_source_block(item->source, &data, &size, &offset, err)) > 0)
		if (unpack_tree_write_all(fd, data, size, offset) < 0)
			return warden_error_errno(err, "write %s", item->name);
	if (more < 0)
		return -1;
	if (archive_entry_size_is_set(item->entry) &&
	    ftruncate(fd, (off_t)archive_entry_size(item->entry)) < 0)
		return warden_error_errno(err, "set the size of %s", item->name);
	return 0;
}

static int unpack_tree_add_file(const struct unpack_item *item, struct warden_error *err)
{
	_cleanup_close_ int fd = openat(item->parent_fd, item->base,
					O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct timespec times[2];

	if (fd < 0)
		return warden_error_errno(err, "make %s", item->name);
	if (unpack_tree_write_content(item, fd, err) < 0 || unpack_tree_set_owner(item, err) < 0)
		return -1;
	unpack_tree_item_times(item, times);
	if (fchmod(fd, unpack_tree_item_mode(item, false)) < 0 || futimens(fd, times) < 0)
		return warden_error_errno(err, "set mode and time of %s", item->name);
	if (close(take_fd(&fd)) < 0)
		return warden_error_errno(err, "write %s", item->name);
	return 0;
}

static int unpack_tree_note_time(const struct unpack_item *item, struct warden_error *err)
{
	struct unpack_tree *tree = item->tree;
	struct tree_time *time;

	/* Grows at powers of two. */
	if ((tree->n_times & (tree->n_times - 1)) == 0) {
		size_t n = tree->n_times ? tree->n_times * 2 : 1;
		struct tree_time *grown = reallocarray(tree->times, n, sizeof(*grown));

		if (!grown)
			return warden_error_errno(err, "store the time of %s", item->name);
		tree->times = grown;
	}
	time = &tree->times[tree->n_times];
	time->name = strdup(item->name);
	if (!time->name)
		return warden_error_errno(err, "store the time of %s", item->name);
	unpack_tree_item_times(item, time->times);
	tree->n_times++;
	return 0;
}

/* An existing directory keeps its content and gets the new mode and owner. */
static int unpack_tree_add_directory(const struct unpack_item *item, struct warden_error *err)
{
	_cleanup_close_ int fd = -1;

	if (mkdirat(item->parent_fd, item->base, 0700) < 0 && errno != EEXIST)
		return warden_error_errno(err, "make %s", item->name);
	fd = openat(item->parent_fd, item->base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return warden_error_errno(err, "open %s", item->name);
	if (unpack_tree_set_owner(item, err) < 0)
		return -1;
	if (fchmod(fd, unpack_tree_item_mode(item, true)) < 0)
		return warden_error_errno(err, "set the mode of %s", item->name);
	return unpack_tree_note_time(item, err);
}

static int unpack_tree_add_symlink(const struct unpack_item *item, struct warden_error *err)
{
	const char *target = archive_entry_symlink(item->entry);
	struct timespec times[2];

	if (!target || !*target)
		return warden_error_set(err, "%s: a symbolic link to nothing", item->name);
	if (symlinkat(target, item->parent_fd, item->base) < 0)
		return warden_error_errno(err, "make the symbolic link %s", item->name);
	unpack_tree_item_times(item, times);
	if (utimensat(item->parent_fd, item->base, times, AT_SYMLINK_NOFOLLOW) < 0)
		return warden_error_errno(err, "set the time of %s", item->name);
	return unpack_tree_set_owner(item, err);
}

/* Remembers a member that is left out: containers have their own /dev, and a fifo or socket is
 * nothing without the processes that use it. */
static int unpack_tree_leave_out(struct unpack_tree *tree, const char *name,
				 struct warden_error *err)
{
	if (tree->n_left_out++ == 0)
		snprintf(tree->left_out, sizeof(tree->left_out), "%.400s", name);
	name_set_add(&tree->left_out_names, name);
	/* A file that was there before is replaced. */
	return *name ? unpack_tree_remove(tree, name, err) : 0;
}

static int unpack_tree_is_directory(int parent_fd, const char *base)
{
	struct stat status;

	return fstatat(parent_fd, base, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISDIR(status.st_mode);
}

/* Gives the link its name. Of two names of one file rename(2) leaves both. */
static int unpack_tree_rename_link(const struct unpack_item *item, struct warden_error *err)
{
	if (unpack_tree_is_directory(item->parent_fd, item->base) &&
	    remove_tree(item->parent_fd, item->base, err) < 0)
		return -1;
	if (renameat(item->parent_fd, LINK_NAME, item->parent_fd, item->base) < 0)
		return warden_error_errno(err, "make the hard link %s", item->name);
	if (unlinkat(item->parent_fd, LINK_NAME, 0) < 0 && errno != ENOENT)
		return warden_error_errno(err, "make the hard link %s", item->name);
	return 0;
}

/* Owner, mode and time are those of the target. Another name of a device that is left out is left
 * out as well. */
static int unpack_tree_add_hard_link(const struct unpack_item *item, struct warden_error *err)
{
	const char *raw = archive_entry_hardlink(item->entry), *base;
	_cleanup_close_ int parent_fd = -1;
	char target[PATH_MAX];

	if (place_name(raw, target, err) < 0)
		return -1;
	if (!*target)
		return warden_error_set(err, "%s: a hard link to the root", item->name);
	parent_fd = place_parent(item->tree->root_fd, target, false, &base, err);
	if (parent_fd < 0 && name_set_has(&item->tree->left_out_names, target))
		return unpack_tree_leave_out(item->tree, item->name, err);
	if (parent_fd < 0)
		return warden_error_set(err, "%s: a hard link to %s, which is missing", item->name,
					target);
	/* The target may be this name itself, or in the directory that it replaces. */
	if (linkat(parent_fd, base, item->parent_fd, LINK_NAME, 0) == 0)
		return unpack_tree_rename_link(item, err);
	if (errno == ENOENT && name_set_has(&item->tree->left_out_names, target))
		return unpack_tree_leave_out(item->tree, item->name, err);
	return warden_error_errno(err, "%s: a hard link to %s", item->name, target);
}

static int unpack_tree_add_item(const struct unpack_item *item, struct warden_error *err)
{
	mode_t type = archive_entry_filetype(item->entry);

	if (archive_entry_hardlink(item->entry))
		return unpack_tree_add_hard_link(item, err);
	if (!(type == AE_IFDIR && unpack_tree_is_directory(item->parent_fd, item->base)) &&
	    unpack_tree_remove_at(item->parent_fd, item->base, err) < 0)
		return -1;
	switch (type) {
	case AE_IFREG:
		return unpack_tree_add_file(item, err);
	case AE_IFDIR:
		return unpack_tree_add_directory(item, err);
	case AE_IFLNK:
		return unpack_tree_add_symlink(item, err);
	default:
		return warden_error_set(err, "%s: neither file, directory nor link", item->name);
	}
}

bool unpack_tree_is_left_out(struct archive_entry *entry)
{
	mode_t type = archive_entry_filetype(entry);

	return !archive_entry_hardlink(entry) &&
	       (type == AE_IFCHR || type == AE_IFBLK || type == AE_IFIFO || type == AE_IFSOCK);
}

int unpack_tree_add(struct unpack_tree *tree, struct unpack_source *source,
		    struct archive_entry *entry, const char *name, struct warden_error *err)
{
	struct unpack_item item = {.tree = tree, .source = source, .entry = entry, .name = name};
	_cleanup_close_ int parent_fd = -1;

	if (unpack_tree_is_left_out(entry))
		return unpack_tree_leave_out(tree, name, err);
	if (!*name) /* the root itself keeps its owner and mode */
		return archive_entry_filetype(entry) == AE_IFDIR
			       ? 0
			       : warden_error_set(err, "'.': the root is not a directory");
	parent_fd = place_parent(tree->root_fd, name, true, &item.base, err);
	if (parent_fd < 0)
		return -1;
	item.parent_fd = parent_fd;
	return unpack_tree_add_item(&item, err);
}

/* A directory that was replaced or removed meanwhile is skipped. */
int unpack_tree_finish(struct unpack_tree *tree, struct warden_error *err)
{
	for (size_t i = 0; i < tree->n_times; i++) {
		const struct tree_time *time = &tree->times[i];
		_cleanup_close_ int parent_fd = -1;
		const char *base;

		parent_fd = place_parent(tree->root_fd, time->name, false, &base, err);
		if (parent_fd >= 0 && unpack_tree_is_directory(parent_fd, base) &&
		    utimensat(parent_fd, base, time->times, AT_SYMLINK_NOFOLLOW) < 0)
			return warden_error_errno(err, "set the time of %s", time->name);
	}
	return 0;
}

void unpack_tree_free(struct unpack_tree *tree)
{
	for (size_t i = 0; i < tree->n_times; i++)
		free(tree->times[i].name);
	free(tree->times);
	name_set_free(&tree->left_out_names);
	tree->times = NULL;
	tree->n_times = 0;
}

/* Opens the directory of a name. If it returns -1, `*result` is 0 if there is no such directory,
 * and -1 after another failure. */
static int unpack_tree_find_parent(struct unpack_tree *tree, const char *name, const char **base,
				   int *result, struct warden_error *err)
{
	int fd = place_parent(tree->root_fd, name, false, base, err);

	*result = fd < 0 && err->number != ENOENT && err->number != ENOTDIR ? -1 : 0;
	return fd;
}

int unpack_tree_remove(struct unpack_tree *tree, const char *name, struct warden_error *err)
{
	_cleanup_close_ int parent_fd = -1;
	const char *base;
	int result;

	parent_fd = unpack_tree_find_parent(tree, name, &base, &result, err);
	return parent_fd < 0 ? result : unpack_tree_remove_at(parent_fd, base, err);
}

int unpack_tree_make_way(struct unpack_tree *tree, const char *name, struct warden_error *err)
{
	_cleanup_close_ int parent_fd = -1;
	const char *base;
	int result;

	parent_fd = unpack_tree_find_parent(tree, name, &base, &result, err);
	if (parent_fd < 0 || unpack_tree_is_directory(parent_fd, base))
		return result;
	return unpack_tree_remove_at(parent_fd, base, err);
}

static int unpack_tree_remove_children(int fd, const char *name, struct warden_error *err)
{
	_cleanup_closedir_ DIR *dir = fdopendir(fd);
	const struct dirent *child;

	if (!dir) {
		warden_error_errno(err, "read %s", name);
		close(fd);
		return -1;
	}
	while ((child = readdir(dir)))
		if (strcmp(child->d_name, ".") != 0 && strcmp(child->d_name, "..") != 0 &&
		    unpack_tree_remove_at(dirfd(dir), child->d_name, err) < 0)
			return -1;
	return 0;
}

int unpack_tree_empty(struct unpack_tree *tree, const char *name, struct warden_error *err)
{
	_cleanup_close_ int parent_fd = -1;
	const char *base;
	char below[PATH_MAX];
	int result, fd;

	/* Opened as the directory of a name, so that links are resolved in the same way. */
	if (snprintf(below, sizeof(below), "%s%s.", name, *name ? "/" : "") >= PATH_MAX)
		return warden_error_set(err, "%s: too long a name", name);
	parent_fd = unpack_tree_find_parent(tree, below, &base, &result, err);
	if (parent_fd < 0)
		return result;
	fd = openat(parent_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? warden_error_errno(err, "open %s", name)
		      : unpack_tree_remove_children(fd, name, err);
}

static int unpack_tree_add_entries(struct unpack_tree *tree, struct unpack_source *source,
				   struct warden_error *err)
{
	struct archive_entry *entry;
	char name[PATH_MAX];
	size_t n = 0;
	int more;

	while ((more = unpack_source_next(source, &entry, err)) > 0) {
		const char *raw = archive_entry_pathname(entry);

		n++;
		if (!raw)
			return warden_error_set(err, "entry %zu has no name", n);
		if (place_name(raw, name, err) < 0 ||
		    unpack_tree_add(tree, source, entry, name, err) < 0)
			return -1;
	}
	if (more == 0 && n == 0)
		return warden_error_set(err, "there is nothing in it");
	return more < 0 ? -1 : unpack_tree_finish(tree, err);
}

int unpack_tree_add_tar(struct unpack_tree *tree, int fd, struct progress *progress,
			struct warden_error *err)
{
	struct unpack_source source = {0};
	int result = unpack_source_open_tar(&source, fd, progress, err);

	if (result == 0)
		result = unpack_tree_add_entries(tree, &source, err);
	unpack_source_close(&source);
	return result;
}
