/* SPDX-License-Identifier: Apache-2.0 */
/* Reads, writes and removes single files; see file_ops.h. */
#include <config.h>

#include "backends/files/file_ops.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "backends/files/copy_private.h"
#include "lib/cleanup.h"
#include "lib/remove_tree.h"

/* Report a failure that ends the operation; always return -1. */
static int file_ops_fail_read(struct copy_state *copy, const char *what)
{
	copy_failed_source(copy, what, NULL);
	return -1;
}

static int file_ops_fail_write(struct copy_state *copy, const char *what)
{
	copy_failed_target(copy, what, NULL);
	return -1;
}

/* A part of a file, and the daemon's file that it is copied to or from. */
struct file_part {
	int data_fd;
	uint64_t offset, length;
	mode_t mode;
	uint64_t size; /* of the whole file */
};

/* Copies from `in` at in_at to `out` at out_at until `length` bytes are copied or `in` ends.
 * Returns the bytes copied, or -1 with errno. */
static int64_t file_ops_copy_bytes(struct copy_state *copy, int in, uint64_t in_at, int out,
				   uint64_t out_at, uint64_t length)
{
	uint64_t done = 0;

	while (done < length) {
		uint64_t left = length - done;
		ssize_t got = pread(in, copy->buffer, left < COPY_BUFFER ? left : COPY_BUFFER,
				    (off_t)(in_at + done));

		if (got == 0)
			break;
		for (ssize_t at = 0; at < got;) {
			ssize_t n = pwrite(out, copy->buffer + at, (size_t)(got - at),
					   (off_t)(out_at + done) + at);
			if (n < 0 && errno != EINTR)
				return -1;
			at += n > 0 ? n : 0;
		}
		if (copy_is_cancelled(copy))
			errno = ECANCELED;
		if (copy_is_cancelled(copy) || (got < 0 && errno != EINTR))
			return -1;
		done += got > 0 ? (uint64_t)got : 0;
	}
	return (int64_t)done;
}

/* Returns 0, or -1 with errno if it is no regular file. */
static int file_ops_check_is_file(const struct stat *st)
{
	if (S_ISREG(st->st_mode))
		return 0;
	errno = S_ISDIR(st->st_mode) ? EISDIR : ENOTSUP;
	return -1;
}

static int file_ops_read_part(struct copy_state *copy, void *data)
{
	struct file_part *part = data;
	const struct copy_side *side = &copy->request->source;
	_cleanup_close_ int fd = -1;
	struct stat st;
	int64_t got;

	if (copy_as_source(copy) < 0)
		return -1;
	fd = copy_source_open(copy, side->path, O_RDONLY);
	if (fd < 0 || fstat(fd, &st) < 0 || file_ops_check_is_file(&st) < 0 ||
	    copy_guard_check(side, fd, &st) < 0)
		return file_ops_fail_read(copy, "open");
	if (part->offset > INT64_MAX - part->length)
		part->length = part->offset > INT64_MAX ? 0 : INT64_MAX - part->offset;
	got = file_ops_copy_bytes(copy, fd, part->offset, part->data_fd, 0, part->length);
	if (got < 0)
		return file_ops_fail_read(copy, "read");
	/* A file that reports no size (in /proc) has at least the bytes that were read. */
	part->size = (uint64_t)st.st_size;
	if (part->size < part->offset + (uint64_t)got && got > 0)
		part->size = part->offset + (uint64_t)got;
	/* One in /sys says that it has a page. */
	if (st.st_blocks == 0 && (uint64_t)got < part->length && part->offset <= part->size)
		part->size = part->offset + (uint64_t)got;
	return 0;
}

int file_read(const struct copy_request *request, int data_fd, uint64_t offset, uint64_t length,
	      uint64_t *size, struct warden_error *err)
{
	struct file_part part = {.data_fd = data_fd, .offset = offset, .length = length};
	int result = copy_run(request, file_ops_read_part, &part, err);

	*size = part.size;
	return result;
}

/* Opens the directory that holds the path's last component, as the target. -1 with errno. */
static int file_ops_open_parent(struct copy_state *copy, struct copy_path *path)
{
	const struct copy_side *side = &copy->request->target;

	if (copy_path_split(side->path, path) < 0)
		return -1;
	return copy_path_directory(side, path->parent);
}

/* Replaces a file or a link. The mode of an existing file is kept. */
static int file_ops_replace_file(struct copy_state *copy, int parent, const char *name,
				 const struct file_part *part)
{
	struct copy_item item = {.name = name, .fd = part->data_fd};
	struct stat st;

	if (fstat(part->data_fd, &item.stat) < 0)
		return file_ops_fail_write(copy, "write");
	item.stat.st_mode = S_IFREG | part->mode;
	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (S_ISDIR(st.st_mode)) {
			errno = EISDIR;
			return file_ops_fail_write(copy, "write");
		}
		if (S_ISREG(st.st_mode))
			item.stat.st_mode = st.st_mode;
	}
	return copy_item_write(copy, parent, name, true, &item);
}

/* Opens a file for writing at an offset; makes it if it is missing. -1 with errno. */
static int file_ops_open_for_part(struct copy_state *copy, int parent, const char *name,
				  mode_t mode)
{
	const struct copy_side *side = &copy->request->target;
	int fd = copy_path_open(side, side->path, O_WRONLY);
	struct stat st;

	if (fd < 0 && errno == ENOENT) {
		fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			    mode);
		return fd >= 0 && fchmod(fd, mode) == 0 ? fd : -1;
	}
	if (fd < 0 || (fstat(fd, &st) == 0 && file_ops_check_is_file(&st) == 0))
		return fd;
	close(fd);
	return -1;
}

static int file_ops_write_part(struct copy_state *copy, void *data)
{
	const struct file_part *part = data;
	struct copy_path path = {0};
	_cleanup_close_ int parent = -1, fd = -1;
	int result = copy_as_target(copy);

	if (result == 0) {
		parent = file_ops_open_parent(copy, &path);
		if (parent < 0)
			result = file_ops_fail_write(copy, "open the directory of");
	}
	if (result == 0 && path.slash) {
		errno = EISDIR;
		result = file_ops_fail_write(copy, "write");
	}
	if (result == 0 && part->offset == WARDEN_UNKNOWN) {
		result = file_ops_replace_file(copy, parent, path.last, part);
	} else if (result == 0) {
		fd = file_ops_open_for_part(copy, parent, path.last, part->mode);
		if (fd < 0)
			result = file_ops_fail_write(copy, "open");
		else if (file_ops_copy_bytes(copy, part->data_fd, 0, fd, part->offset, INT64_MAX) <
			 0)
			result = file_ops_fail_write(copy, "write");
	}
	copy_path_free(&path);
	return result;
}

int file_write(const struct copy_request *request, int data_fd, uint64_t offset, mode_t mode,
	       struct warden_error *err)
{
	struct file_part part = {.data_fd = data_fd, .offset = offset, .mode = mode};

	return copy_run(request, file_ops_write_part, &part, err);
}

/* remove_tree copes with any content, also if a process keeps adding to it. */
static int file_ops_remove_entry(struct copy_state *copy, int parent, const char *name,
				 bool recursive)
{
	struct stat st;

	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return file_ops_fail_write(copy, "remove");
	if (S_ISDIR(st.st_mode) && recursive)
		return remove_tree(parent, name, copy->err);
	if (unlinkat(parent, name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0) < 0)
		return file_ops_fail_write(copy, "remove");
	return 0;
}

static int file_ops_remove_path(struct copy_state *copy, void *data)
{
	const bool *recursive = data;
	struct copy_path path = {0};
	_cleanup_close_ int parent = -1;
	int result = copy_as_target(copy);

	if (result == 0) {
		parent = file_ops_open_parent(copy, &path);
		if (parent < 0)
			result = file_ops_fail_write(copy, "open the directory of");
	}
	/* "/", "." and ".." name no entry that can be removed from a directory. */
	if (result == 0 &&
	    (!*path.last || strcmp(path.last, ".") == 0 || strcmp(path.last, "..") == 0)) {
		errno = EBUSY;
		result = file_ops_fail_write(copy, "remove");
	}
	if (result == 0)
		result = file_ops_remove_entry(copy, parent, path.last, *recursive);
	copy_path_free(&path);
	return result;
}

int file_remove(const struct copy_request *request, bool recursive, struct warden_error *err)
{
	return copy_run(request, file_ops_remove_path, &recursive, err);
}
