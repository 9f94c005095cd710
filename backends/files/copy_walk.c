/* SPDX-License-Identifier: Apache-2.0 */
/* Walks a tree with an explicit stack: a container chooses its depth and width. Each directory is
 * listed to its end; its files and links are copied meanwhile, the names of its subdirectories are
 * stored and then entered one after another. The nearest directories stay open; a higher one is
 * reopened as its child's `..` and must be the same as before. */
#include <config.h>

#include "backends/files/copy_private.h"
#include "lib/cleanup.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

static struct copy_level *copy_walk_current(struct copy_state *copy)
{
	return &copy->levels[copy->depth - 1];
}

static bool copy_walk_is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static void copy_walk_close_level(struct copy_level *level)
{
	if (level->source_fd >= 0)
		close(level->source_fd); /* opened for reading */
	if (level->target_fd >= 0)
		close(level->target_fd); /* nothing is written through a directory's descriptor */
	level->source_fd = level->target_fd = -1;
}

static int copy_walk_grow_levels(struct copy_state *copy)
{
	size_t size = copy->levels_size ? 2 * copy->levels_size : 64;
	struct copy_level *grown;

	if (copy->depth < copy->levels_size)
		return 0;
	if (copy->depth >= COPY_LEVELS) {
		errno = ENAMETOOLONG;
		return -1;
	}
	grown = realloc(copy->levels, size * sizeof(*grown));
	if (!grown)
		return -1;
	copy->levels = grown;
	copy->levels_size = size;
	return 0;
}

/* The subdirectory that is entered now or next. */
static const char *copy_walk_next_name(const struct copy_state *copy)
{
	return copy->names + copy->levels[copy->depth - 1].next;
}

/* Stores the name of a subdirectory. -1 with errno. */
static int copy_walk_remember_name(struct copy_state *copy, const char *name)
{
	size_t length = strlen(name) + 1, size = copy->names_size ? copy->names_size : 4096;
	char *grown;

	while (size < copy->names_used + length)
		size *= 2;
	if (size > COPY_NAMES) {
		errno = ENOMEM;
		return -1;
	}
	if (size != copy->names_size) {
		grown = realloc(copy->names, size);
		if (!grown)
			return -1;
		copy->names = grown;
		copy->names_size = size;
	}
	memcpy(copy->names + copy->names_used, name, length);
	copy->names_used += length;
	return 0;
}

/* Writes the opened files and links of the batch. */
static int copy_walk_flush_batch(struct copy_state *copy)
{
	struct copy_level *level = copy_walk_current(copy);
	int result = copy->batch_used > 0 ? copy_as_target(copy) : 0;

	for (size_t i = 0; i < copy->batch_used; i++) {
		struct copy_item *item = &copy->batch[i];

		if (result == 0)
			result = copy_item_write(copy, level->target_fd, item->name, level->exact,
						 item);
		copy_item_close(item);
	}
	copy->batch_used = 0;
	return result == 0 ? copy_as_source(copy) : -1;
}

static int copy_walk_add_to_batch(struct copy_state *copy, const char *name, mode_t type)
{
	int result = copy_item_open(copy, copy_walk_current(copy)->source_fd, name, type,
				    &copy->batch[copy->batch_used]);

	if (result < 0)
		return -1;
	copy->batch_used += (size_t)result;
	return copy->batch_used == COPY_BATCH ? copy_walk_flush_batch(copy) : 0;
}

/* Handles one listed entry of the current directory. */
static int copy_walk_take_entry(struct copy_state *copy, const struct dirent64 *entry)
{
	const char *name = entry->d_name;
	mode_t type = DTTOIF(entry->d_type);
	struct stat st;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	if (copy_is_cancelled(copy)) {
		errno = ECANCELED;
		return copy_failed_source(copy, "copy", name);
	}
	if (entry->d_type == DT_UNKNOWN) {
		if (fstatat(copy_walk_current(copy)->source_fd, name, &st, AT_SYMLINK_NOFOLLOW) !=
		    0) {
			if (!copy_means_vanished(errno))
				return copy_failed_source(copy, "stat", name);
			copy_report_vanished(copy, name);
			return 0;
		}
		type = st.st_mode;
	}
	if (!S_ISDIR(type))
		return copy_walk_add_to_batch(copy, name, type);
	return copy_walk_remember_name(copy, name) == 0 ? 0
							: copy_failed_source(copy, "copy", name);
}

/* Lists the current directory to its end. */
static int copy_walk_list_directory(struct copy_state *copy)
{
	int result = copy_as_source(copy);

	while (result == 0) {
		ssize_t size =
			getdents64(copy_walk_current(copy)->source_fd, copy->listing, COPY_LISTING);

		if (size < 0 && errno == ENOENT) { /* the directory was removed */
			copy_report_vanished(copy, NULL);
			break;
		}
		if (size == 0)
			break;
		if (size < 0)
			return copy_failed_source(copy, "list", NULL);
		for (ssize_t at = 0; at < size && result == 0;) {
			const struct dirent64 *entry = (const void *)(copy->listing + at);

			result = copy_walk_take_entry(copy, entry);
			at += entry->d_reclen;
		}
		/* The names in the batch point into the listing. */
		if (result == 0)
			result = copy_walk_flush_batch(copy);
	}
	copy_walk_current(copy)->listed = true;
	return result;
}

/* Whether a directory is on a file system whose files show the kernel's state. */
static bool copy_walk_is_kernels(int fd)
{
	static const unsigned long kinds[] = {
		PROC_SUPER_MAGIC,   SYSFS_MAGIC,   CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC,
		DEVPTS_SUPER_MAGIC, DEBUGFS_MAGIC, TRACEFS_MAGIC,      SECURITYFS_MAGIC,
		BPF_FS_MAGIC,       SELINUX_MAGIC, PSTOREFS_MAGIC,     EFIVARFS_MAGIC,
		BINFMTFS_MAGIC,
	};
	struct statfs status;

	if (fstatfs(fd, &status) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if ((unsigned long)status.f_type == kinds[i])
			return true;
	return false;
}

/* The next functions return 1 if the walk may enter, 0 if not (this was reported), -1 if the copy
 * ends. */

/* Opens a subdirectory of the current directory as a source. */
static int copy_walk_open_source(struct copy_state *copy, const char *name,
				 struct copy_level *level)
{
	if (copy_as_source(copy) < 0)
		return -1;
	level->source_fd = openat(copy_walk_current(copy)->source_fd, name,
				  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (level->source_fd < 0 && copy_means_vanished(errno)) {
		copy_report_vanished(copy, name);
		return 0;
	}
	if (level->source_fd < 0 || fstat(level->source_fd, &level->source) < 0 ||
	    copy_guard_check(&copy->request->source, level->source_fd, &level->source) < 0)
		return copy_failed_source(copy, "read", name);
	if (copy_walk_is_same_file(&level->source, &copy->top)) {
		errno = ELOOP;
		return copy_failed_source(copy, "copy into itself", name);
	}
	/* A copy of a root leaves out /proc and /sys; one of /proc itself does not. */
	if (level->source.st_dev != copy_walk_current(copy)->source.st_dev &&
	    copy_walk_is_kernels(level->source_fd)) {
		copy_report_left_out(copy, name);
		level->listed = true;
	}
	return 1;
}

/* Makes or opens its counterpart in the target. */
static int copy_walk_open_target(struct copy_state *copy, const char *name,
				 struct copy_level *level)
{
	if (copy->streams)
		return tar_put_directory(copy, name, &level->source) == 0 ? 1 : -1;
	if (copy_as_target(copy) < 0)
		return -1;
	level->target_fd =
		copy_place_directory(copy_walk_current(copy)->target_fd, name,
				     copy_mode(copy, level->source.st_mode), &level->fresh);
	if (level->target_fd < 0)
		return copy_failed_target(copy, "make directory", name);
	return 1;
}

/* Stats a target directory and makes it writable for its owner. -1 with errno. */
static int copy_walk_prepare_target(struct copy_state *copy, struct copy_level *level)
{
	mode_t mode;

	if (copy->streams)
		return 0;
	if (fstat(level->target_fd, &level->target) < 0)
		return -1;
	/* Another user has replaced it. */
	if (level->target.st_uid != copy_target_uid(copy))
		level->fresh = false;
	if (copy->depth == 0)
		copy->top = level->target;
	level->exact = fgetxattr(level->target_fd, "system.posix_acl_default", NULL, 0) >= 0 ||
		       errno == EBADF;
	mode = level->target.st_mode & 07777;
	/* If this fails writing fails too, and is reported. */
	if ((mode & 0700) != 0700 && copy_chmod(level->target_fd, mode | 0700) == 0)
		level->target.st_mode |= 0700;
	return 0;
}

/* Makes a pair of directories the current one. Takes its descriptors. */
static int copy_walk_push(struct copy_state *copy, struct copy_level *level)
{
	if (copy_walk_prepare_target(copy, level) < 0 || copy_walk_grow_levels(copy) < 0)
		return copy_failed_target(copy, "enter",
					  copy->depth > 0 ? copy_walk_next_name(copy) : NULL);
	level->next = level->names = copy->names_used;
	copy->levels[copy->depth++] = *level;
	level->source_fd = level->target_fd = -1;
	if (copy->depth > COPY_OPEN_LEVELS)
		copy_walk_close_level(&copy->levels[copy->depth - 1 - COPY_OPEN_LEVELS]);
	return 1;
}

static void copy_walk_forget_next(struct copy_state *copy)
{
	copy_walk_current(copy)->next += strlen(copy_walk_next_name(copy)) + 1;
}

/* Enters the next subdirectory of the current directory. */
static int copy_walk_enter_next(struct copy_state *copy)
{
	struct copy_level level = {.source_fd = -1, .target_fd = -1};
	const char *name = copy_walk_next_name(copy);
	int result = copy_walk_open_source(copy, name, &level);

	if (result == 1)
		result = copy_walk_open_target(copy, name, &level);
	if (result == 1)
		result = copy_walk_push(copy, &level);
	if (result != 1) {
		copy_walk_close_level(&level);
		copy_walk_forget_next(copy);
	}
	return result < 0 ? -1 : 0;
}

/* Opens the parent of a directory and checks that it is the expected one. -1 with errno. */
static int copy_walk_open_parent(int child_fd, const struct stat *expected)
{
	_cleanup_close_ int fd = copy_open_directory(child_fd, "..");
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	if (!copy_walk_is_same_file(&st, expected)) {
		errno = ESTALE;
		return -1;
	}
	return take_fd(&fd);
}

/* Opens a directory that copy_walk_push has closed. If this fails the walk cannot continue. */
static int copy_walk_reopen(struct copy_state *copy, struct copy_level *level,
			    const struct copy_level *child)
{
	if (level->source_fd >= 0)
		return 0;
	if (copy_as_source(copy) < 0)
		return -1;
	level->source_fd = copy_walk_open_parent(child->source_fd, &level->source);
	if (level->source_fd < 0) {
		copy_failed_source(copy, "return from", NULL);
		return -1;
	}
	if (copy->streams)
		return 0;
	if (copy_as_target(copy) < 0)
		return -1;
	level->target_fd = copy_walk_open_parent(child->target_fd, &level->target);
	if (level->target_fd < 0) {
		copy_failed_target(copy, "return from", NULL);
		return -1;
	}
	return 0;
}

/* Sets owner and mode, once the directory is complete. */
static int copy_walk_finish_directory(struct copy_state *copy, const struct copy_level *level)
{
	mode_t mode = copy_mode(copy, level->source.st_mode & 07777);

	if (copy->streams) {
		copy_count(&copy->progress->directories, 1);
		return 0;
	}
	if (copy_as_target(copy) < 0)
		return -1;
	if (level->fresh && copy_set_owner(copy, level->target_fd) < 0)
		return copy_failed_target(copy, "set the owner of", NULL);
	if ((level->target.st_mode & 07777) != mode && copy_chmod(level->target_fd, mode) < 0)
		return copy_failed_target(copy, "set permissions of", NULL);
	copy_count(&copy->progress->directories, 1);
	return 0;
}

/* Leaves the current directory. Opens its parent first: the mode that this one gets may deny access
 * to `..`. */
static int copy_walk_leave(struct copy_state *copy)
{
	struct copy_level *level = copy_walk_current(copy);
	int result = copy->depth > 1 ? copy_walk_reopen(copy, level - 1, level) : 0;

	if (result == 0)
		result = copy_walk_finish_directory(copy, level);
	copy->names_used = level->names;
	copy_walk_close_level(level);
	copy->depth--;
	if (copy->depth > 0)
		copy_walk_forget_next(copy);
	return result;
}

static int copy_walk_step(struct copy_state *copy)
{
	if (copy_is_cancelled(copy)) {
		errno = ECANCELED;
		return copy_failed_source(copy, "copy", NULL);
	}
	if (!copy_walk_current(copy)->listed)
		return copy_walk_list_directory(copy);
	if (copy_walk_current(copy)->next < copy->names_used)
		return copy_walk_enter_next(copy);
	return copy_walk_leave(copy);
}

/* Copies the content and mode of a directory. Takes the descriptors. */
int copy_walk(struct copy_state *copy, int source_fd, const struct stat *source, int target_fd,
	      bool fresh)
{
	struct copy_level top = {
		.source_fd = source_fd,
		.source = *source,
		.target_fd = target_fd,
		.fresh = fresh,
	};
	int result = copy_walk_push(copy, &top);

	copy_walk_close_level(&top);
	while (result >= 0 && copy->depth > 0)
		result = copy_walk_step(copy);
	return result < 0 ? -1 : 0;
}

void copy_walk_free(struct copy_state *copy)
{
	for (size_t i = 0; i < copy->batch_used; i++)
		copy_item_close(&copy->batch[i]);
	for (size_t i = 0; i < copy->depth; i++)
		copy_walk_close_level(&copy->levels[i]);
	free(copy->levels);
	free(copy->names);
}
