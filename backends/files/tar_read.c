/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the entries of a tar stream below a directory that is held open: no name and no link leads
 * out of it; see tar.h. */
#include <config.h>

#include "backends/files/tar.h"

#include <fcntl.h>
#include <search.h>
#include <string.h>
#include <unistd.h>

#include "backends/files/copy_private.h"
#include "backends/files/tar_entry.h"
#include "backends/files/tar_format.h"
#include "lib/cleanup.h"
#include "lib/inside.h"
#include "lib/name_set.h"
#include "lib/text.h"
#include "lib/write_whole.h"

enum {
	MADE_DIRECTORY_MODE = 0755,  /* of directories without their own entry */
	LATE_MAX = 16 * 1024 * 1024, /* bytes of names of directories whose modes are set last */
};

/* A directory that its owner may not write to: its mode is set after all entries are made. */
struct late_mode {
	struct late_mode *next;
	mode_t mode;
	char name[];
};

struct tar_unpack {
	struct copy_state *copy;
	int top_fd;
	uint64_t resolve; /* how links in names are followed: see inside.h */
	char *parent;     /* directory of the previous entry, and its descriptor */
	int parent_fd;
	struct late_mode *late;
	void *late_by_name; /* of tsearch(3) */
	size_t late_size;
	uint64_t n_left_out;
	char left_out[256]; /* the first of them */
	struct name_set left_out_names;
	struct tar_stream stream;
};

/* Reports a failure of an entry under its name. -1 if all must end. */
static int tar_read_fail_entry(struct tar_unpack *unpack, const struct tar_entry *entry)
{
	struct copy_state *copy = unpack->copy;
	char *base = copy->source_base;
	int result;

	copy->source_base = entry->name;
	if (errno == EXDEV)
		warden_error_set(&copy->refusal, "a link leads out of the target");
	result = copy_failed_source(copy, "unpack", NULL);
	copy->refusal = (struct warden_error){0};
	copy->source_base = base;
	return result;
}

/* The stream cannot be read any further. Always returns -1. */
static int tar_read_fail_stream(struct tar_unpack *unpack, const struct tar_entry *entry,
				int number)
{
	struct copy_state *copy = unpack->copy;

	copy->has_error = true;
	errno = number;
	if (number == 0)
		return warden_error_set(copy->err, "the tar stream ends within %.256s",
					entry->name);
	return warden_error_errno(copy->err, "read %.256s from the stream", entry->name);
}

/* Opens the directory that a cleaned path names. -1 with errno: EXDEV if a link leads out of the
 * target. */
static int tar_read_open_directory(const struct tar_unpack *unpack, const char *path, int flags)
{
	int fd = inside_open(unpack->top_fd, path, O_RDONLY | O_DIRECTORY | O_NONBLOCK | flags,
			     unpack->resolve);

	if (fd < 0 && errno == EACCES) /* it may be entered but not listed: that is enough */
		fd = inside_open(unpack->top_fd, path, O_PATH | O_DIRECTORY | flags,
				 unpack->resolve);
	return fd;
}

/* Opens the directory of an entry; makes what is missing. */
static int tar_read_open_parent(const struct tar_unpack *unpack, const char *path)
{
	const struct inside_maker maker = {.make = inside_make_directory, .replace = true};
	int fd = tar_read_open_directory(unpack, *path ? path : ".", 0);
	char *dotted;

	if (fd >= 0 || (errno != ENOENT && errno != ENOTDIR))
		return fd;
	/* With the dot the last part must be a directory, so that a file there is replaced. */
	if (asprintf(&dotted, "%s/.", path) < 0)
		return -1;
	fd = inside_open_or_make(unpack->top_fd, dotted, unpack->resolve, &maker);
	free(dotted);
	return fd;
}

/* Splits a cleaned name and opens its directory, mostly the one of the previous entry. `unpack`
 * keeps the descriptor. Returns the last component, or NULL with errno. */
static const char *tar_read_find_parent(struct tar_unpack *unpack, char *name, int *dir_fd)
{
	char *slash = strrchr(name, '/');
	const char *parent = slash ? name : "";
	const char *last = slash ? slash + 1 : name;

	if (slash)
		*slash = '\0';
	if (!unpack->parent || strcmp(unpack->parent, parent) != 0) {
		cleanup_close(&unpack->parent_fd);
		free(unpack->parent);
		unpack->parent = NULL;
		unpack->parent_fd = tar_read_open_parent(unpack, parent);
		if (unpack->parent_fd >= 0)
			unpack->parent = strdup(parent);
	}
	if (slash)
		*slash = '/';
	*dir_fd = unpack->parent_fd;
	return unpack->parent ? last : NULL;
}

static int tar_read_compare_late(const void *one, const void *other)
{
	const struct late_mode *a = one, *b = other;

	return strcmp(a->name, b->name);
}

/* The postponed mode of a directory that the stream has named before, or NULL. */
static struct late_mode *tar_read_find_late(const struct tar_unpack *unpack, const char *name)
{
	const size_t size = sizeof(struct late_mode) + strlen(name) + 1;
	_cleanup_free_ struct late_mode *key = unpack->late ? malloc(size) : NULL;
	struct late_mode *const *found;

	if (!key)
		return NULL;
	memcpy(key->name, name, strlen(name) + 1);
	found = tfind(key, &unpack->late_by_name, tar_read_compare_late);
	return found ? *found : NULL;
}

static int tar_read_remember_mode(struct tar_unpack *unpack, const char *name, mode_t mode)
{
	size_t size = sizeof(struct late_mode) + strlen(name) + 1;
	struct late_mode *late;

	unpack->late_size += size;
	late = unpack->late_size > LATE_MAX ? NULL : malloc(size);
	if (late)
		memcpy(late->name, name, strlen(name) + 1);
	if (!late || !tsearch(late, &unpack->late_by_name, tar_read_compare_late)) {
		free(late);
		errno = ENOMEM;
		return -1;
	}
	late->mode = mode;
	late->next = unpack->late;
	unpack->late = late;
	return 0;
}

/* Sets the postponed modes, last first: a stream names a directory before its entries, and the
 * directory's mode may deny access to them. A link that has taken a directory's place meanwhile is
 * not followed. */
static int tar_read_set_late_modes(struct tar_unpack *unpack)
{
	struct late_mode *late;
	int result = 0;

	while ((late = unpack->late)) {
		_cleanup_close_ int fd = tar_read_open_directory(unpack, late->name, O_NOFOLLOW);
		/* An entry has taken the place of it or of a directory above. */
		bool is_replaced = fd < 0 && (errno == ENOENT || errno == ENOTDIR) &&
				   unpack->copy->replaced_directory;

		if (!is_replaced && (fd < 0 || copy_chmod(fd, late->mode) < 0)) {
			struct tar_entry entry = {.name = late->name};

			if (result == 0)
				result = tar_read_fail_entry(unpack, &entry);
		}
		unpack->late = late->next;
		tdelete(late, &unpack->late_by_name, tar_read_compare_late);
		free(late);
	}
	return result;
}

static int tar_read_make_directory(struct tar_unpack *unpack, int dir_fd, const char *last,
				   const struct tar_entry *entry)
{
	struct late_mode *late = tar_read_find_late(unpack, entry->name);
	bool fresh;
	_cleanup_close_ int fd = copy_place_directory(dir_fd, last, entry->mode & 0777, &fresh);

	if (late)
		late->mode = entry->mode; /* the last entry of a directory counts */
	if (fd < 0 || copy_chmod(fd, entry->mode | 0700) < 0)
		return -1;
	copy_count(&unpack->copy->progress->directories, 1);
	if (late || (entry->mode & 0700) == 0700)
		return 0;
	return tar_read_remember_mode(unpack, entry->name, entry->mode);
}

static int tar_read_make_link(struct tar_unpack *unpack, int dir_fd, const char *last,
			      const struct tar_entry *entry)
{
	if (copy_place_link(unpack->copy, dir_fd, entry->link, last) < 0)
		return -1;
	copy_count(&unpack->copy->progress->links, 1);
	return 0;
}

/* Removes what an entry that is left out takes the place of. The container's own devices and mounts
 * stay. */
static int tar_read_remove(struct tar_unpack *unpack, char *name)
{
	char *slash = strrchr(name, '/');
	const char *last = slash ? slash + 1 : name;
	_cleanup_close_ int dir_fd = -1;
	struct stat status;

	if (slash)
		*slash = '\0';
	dir_fd = tar_read_open_directory(unpack, slash ? name : ".", 0);
	if (slash)
		*slash = '/';
	/* What cannot be reached has nothing in the entry's place. */
	if (dir_fd < 0 || fstatat(dir_fd, last, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (S_ISREG(status.st_mode) || S_ISLNK(status.st_mode))
		return unlinkat(dir_fd, last, 0);
	if (!S_ISDIR(status.st_mode))
		return 0;
	free(unpack->parent); /* it may be in the directory that is removed */
	unpack->parent = NULL;
	return copy_place_remove_tree(unpack->copy, dir_fd, last);
}

/* Counts it, and keeps the name of the first. */
static int tar_read_leave_out(struct tar_unpack *unpack, const struct tar_entry *entry)
{
	copy_count(&unpack->copy->progress->skipped, 1);
	if (unpack->n_left_out++ == 0)
		snprintf(unpack->left_out, sizeof(unpack->left_out), "%s", entry->name);
	name_set_add(&unpack->left_out_names, entry->name);
	return *entry->name ? tar_read_remove(unpack, entry->name) : 0;
}

/* Gives a file below the top, whose name is cleaned, another name. */
static int tar_read_link_file(struct tar_unpack *unpack, int dir_fd, const char *last, char *target)
{
	char temporary[COPY_TEMPORARY_SIZE];
	_cleanup_close_ int from_fd = -1;
	char *slash = strrchr(target, '/');

	if (slash)
		*slash = '\0';
	from_fd = tar_read_open_directory(unpack, slash ? target : ".", 0);
	if (slash)
		*slash = '/';
	if (from_fd < 0)
		return -1;
	copy_temporary_name(unpack->copy, temporary);
	if (linkat(from_fd, slash ? slash + 1 : target, dir_fd, temporary, 0) < 0 ||
	    copy_place_rename(unpack->copy, dir_fd, temporary, last) < 0)
		return -1;
	/* If both names were one file already, rename(2) has left both. */
	unlinkat(dir_fd, temporary, 0);
	return 0;
}

/* Makes another name for a file below the top, which the stream or an earlier one has made. The
 * name of a device that is left out is left out as well. */
static int tar_read_make_hard_link(struct tar_unpack *unpack, int dir_fd, const char *last,
				   const struct tar_entry *entry)
{
	if (inside_clean_name(entry->link) == 0) {
		errno = EINVAL;
		return -1;
	}
	if (tar_read_link_file(unpack, dir_fd, last, entry->link) == 0) {
		copy_count(&unpack->copy->progress->links, 1);
		return 0;
	}
	/* EXDEV, EPERM: the container has a device of that name, or one that must not be linked. */
	if ((errno != ENOENT && errno != EXDEV && errno != EPERM) ||
	    !name_set_has(&unpack->left_out_names, entry->link))
		return -1;
	return tar_read_leave_out(unpack, entry);
}

/* The data of a file. A failure of the stream ends all, one of the file only that entry. */
struct tar_data {
	uint64_t left;
	int stream_error; /* errno; 0: the stream has ended; -1: none */
};

/* Writes the next `size` bytes. */
static int tar_read_fill_file(struct tar_unpack *unpack, int fd, struct tar_data *data,
			      uint64_t size)
{
	struct copy_state *copy = unpack->copy;

	while (size > 0) {
		size_t part = size < COPY_BUFFER ? (size_t)size : COPY_BUFFER;
		ssize_t got = tar_stream_read(&unpack->stream, copy->buffer, part);

		if (got <= 0) {
			data->stream_error = got < 0 ? errno : 0;
			return -1;
		}
		data->left -= (uint64_t)got;
		size -= (uint64_t)got;
		copy_count(&copy->progress->bytes, (uint64_t)got);
		if (write_whole(fd, copy->buffer, (size_t)got) < 0)
			return -1;
	}
	return 0;
}

static int tar_read_fill_sparse(struct tar_unpack *unpack, int fd, const struct tar_sparse *sparse,
				struct tar_data *data)
{
	for (size_t i = 0; i < tar_sparse_chunks(sparse); i++) {
		struct tar_chunk chunk = tar_sparse_chunk(sparse, i);

		if (lseek(fd, (off_t)chunk.offset, SEEK_SET) < 0 ||
		    tar_read_fill_file(unpack, fd, data, chunk.size) < 0)
			return -1;
	}
	return ftruncate(fd, (off_t)sparse->size);
}

static int tar_read_make_file(struct tar_unpack *unpack, int dir_fd, const char *last,
			      const struct tar_entry *entry, struct tar_data *data)
{
	const struct timespec times[] = {{.tv_nsec = UTIME_OMIT}, {entry->mtime, entry->mtime_ns}};
	char temporary[COPY_TEMPORARY_SIZE];
	struct copy_state *copy = unpack->copy;
	int result, fd = copy_make_file(copy, dir_fd, entry->mode, temporary);

	if (fd < 0)
		return -1;
	result = entry->sparse.is_set ? tar_read_fill_sparse(unpack, fd, &entry->sparse, data)
				      : tar_read_fill_file(unpack, fd, data, data->left);
	if (result == 0)
		result = fchmod(fd, entry->mode);
	if (result == 0)
		result = futimens(fd, times);
	result = copy_name_file(copy, dir_fd, fd, temporary, last, result);
	if (result == 0)
		copy_count(&copy->progress->files, 1);
	return result;
}

static bool tar_read_is_left_out(const struct tar_entry *entry)
{
	return entry->type == TAR_CHARACTER_DEVICE || entry->type == TAR_BLOCK_DEVICE ||
	       entry->type == TAR_FIFO;
}

static int tar_read_make_entry(struct tar_unpack *unpack, int dir_fd, const char *last,
			       const struct tar_entry *entry, struct tar_data *data)
{
	switch (entry->type) {
	case TAR_FILE:
		return tar_read_make_file(unpack, dir_fd, last, entry, data);
	case TAR_DIRECTORY:
		return tar_read_make_directory(unpack, dir_fd, last, entry);
	case TAR_SYMLINK:
		return tar_read_make_link(unpack, dir_fd, last, entry);
	case TAR_HARD_LINK:
		return tar_read_make_hard_link(unpack, dir_fd, last, entry);
	default:
		break;
	}
	errno = ENOTSUP;
	return -1;
}

static void tar_read_report_left_out(const struct tar_unpack *unpack)
{
	const struct copy_request *request = unpack->copy->request;
	char name[sizeof(unpack->left_out) * 4], text[sizeof(name) + 100];

	if (unpack->n_left_out == 0 || !request->warn)
		return;
	text_escape(name, sizeof(name), unpack->left_out, strlen(unpack->left_out));
	snprintf(text, sizeof(text),
		 "%llu device nodes or fifos of the tar stream are left out. The first is %s",
		 (unsigned long long)unpack->n_left_out, name);
	request->warn(request->warn_data, text);
}

/* Makes one entry and consumes its data in any case. -1: all ends. */
static int tar_read_unpack_entry(struct tar_unpack *unpack, struct tar_entry *entry)
{
	struct tar_data data = {.left = entry->size, .stream_error = -1};
	const char *last = NULL;
	char *base = unpack->copy->source_base;
	int dir_fd, result = 0;

	unpack->copy->source_base = entry->name;
	if (inside_clean_name(entry->name) == 0 && !tar_read_is_left_out(entry)) {
		result = entry->type == TAR_DIRECTORY ? 0 : -1; /* it keeps its mode */
		errno = EISDIR;
	} else if (tar_read_is_left_out(entry)) {
		result = tar_read_leave_out(unpack, entry);
	} else {
		last = tar_read_find_parent(unpack, entry->name, &dir_fd);
		result = last ? tar_read_make_entry(unpack, dir_fd, last, entry, &data) : -1;
	}
	unpack->copy->source_base = base;
	if (result != 0 && data.stream_error >= 0)
		return tar_read_fail_stream(unpack, entry, data.stream_error);
	if (result != 0 && tar_read_fail_entry(unpack, entry) < 0)
		return -1;
	if (tar_stream_skip(&unpack->stream, data.left + tar_padding(entry->size)) < 0)
		return tar_read_fail_stream(unpack, entry, errno);
	return 0;
}

/* Below the container's root an absolute link means the same as inside; elsewhere it leads out of
 * the target. */
static uint64_t tar_read_resolve_flags(const struct tar_unpack *unpack)
{
	struct stat root, top;

	if (fstat(unpack->top_fd, &top) == 0 &&
	    fstatat(unpack->copy->request->target.root_fd, "", &root, AT_EMPTY_PATH) == 0 &&
	    root.st_dev == top.st_dev && root.st_ino == top.st_ino)
		return RESOLVE_IN_ROOT;
	return RESOLVE_BENEATH;
}

/* Opens the target directory; makes it if its last component is missing. -1: all ends. */
static int tar_read_open_top(struct tar_unpack *unpack)
{
	struct copy_state *copy = unpack->copy;
	const struct copy_side *side = &copy->request->target;
	struct copy_path path = {0};
	int parent, result = 0;

	if (copy_path_split(side->path, &path) < 0 || copy_as_target(copy) < 0)
		result = -1;
	if (result == 0)
		unpack->top_fd = copy_path_directory(side, side->path);
	if (result == 0 && unpack->top_fd < 0 && errno == ENOENT) {
		parent = copy_path_directory(side, path.parent);
		if (parent >= 0)
			unpack->top_fd =
				copy_make_directory(parent, path.last, MADE_DIRECTORY_MODE);
		cleanup_close(&parent);
	}
	copy_path_free(&path);
	if (result == 0 && unpack->top_fd >= 0) {
		unpack->resolve = tar_read_resolve_flags(unpack);
		return 0;
	}
	copy_failed_target(copy, "open target", NULL);
	return -1;
}

/* Consumes what follows the end of the archive, so that the sender is not interrupted. */
static int tar_read_drain(struct tar_unpack *unpack)
{
	if (tar_stream_skip(&unpack->stream, UINT64_MAX) < 0 && errno != 0) {
		struct tar_entry end = {.name = (char *)"the end"};

		return tar_read_fail_stream(unpack, &end, errno);
	}
	return 0;
}

static int tar_read_unpack_all(struct tar_unpack *unpack)
{
	struct copy_state *copy = unpack->copy;
	struct tar_entry entry;
	int result = tar_read_open_top(unpack);

	if (result != 0)
		return -1;
	while ((result = tar_entry_next(&unpack->stream, &entry, copy->err)) > 0) {
		result = tar_read_unpack_entry(unpack, &entry);
		tar_entry_free(&entry);
		if (result != 0)
			return -1;
	}
	if (result != 0)
		copy->has_error = true;
	return result == 0 ? tar_read_drain(unpack) : -1;
}

static int tar_read_run(struct copy_state *copy, void *data)
{
	struct tar_unpack *unpack = calloc(1, sizeof(*unpack));
	int result;

	if (!unpack)
		return warden_error_errno(copy->err, "begin to unpack");
	unpack->copy = copy;
	copy->replaces_trees = true;
	unpack->top_fd = unpack->parent_fd = -1;
	unpack->stream.fd = *(const int *)data;
	unpack->stream.cancel = &copy->progress->cancel;
	result = tar_read_unpack_all(unpack);
	if (unpack->top_fd >= 0 && tar_read_set_late_modes(unpack) < 0)
		result = -1;
	tar_read_report_left_out(unpack);
	cleanup_close(&unpack->parent_fd);
	cleanup_close(&unpack->top_fd);
	free(unpack->parent);
	name_set_free(&unpack->left_out_names);
	free(unpack);
	return result;
}

int tar_read(const struct copy_request *request, int fd, struct warden_error *err)
{
	return copy_run(request, tar_read_run, &fd, err);
}
