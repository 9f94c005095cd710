/* SPDX-License-Identifier: Apache-2.0 */
/* Lists the entries of a directory, sorted by name; see file_ops.h. */
#include <config.h>

#include "backends/files/file_ops.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "backends/files/copy_private.h"
#include "lib/cleanup.h"

/* The cost of an entry beside its name and target; see WARDEN_FILE_LIST. */
enum { ENTRY_COST = 64 };

struct directory_list {
	file_entry_fn *report;
	uint64_t room;      /* bytes left of the list's length */
	char *names;        /* each with its NUL */
	size_t used, size;  /* of names */
	const char **order; /* into names */
	size_t n;
};

static int directory_list_fail(struct copy_state *copy, const char *what)
{
	copy_failed_source(copy, what, NULL);
	return -1;
}

static int directory_list_add_name(struct directory_list *list, const char *name)
{
	size_t length = strlen(name) + 1, size = list->size ? list->size : 4096;
	char *grown;

	while (size < list->used + length)
		size *= 2;
	if (size > COPY_NAMES) {
		errno = EFBIG;
		return -1;
	}
	if (size != list->size) {
		grown = realloc(list->names, size);
		if (!grown)
			return -1;
		list->names = grown;
		list->size = size;
	}
	memcpy(list->names + list->used, name, length);
	list->used += length;
	list->n++;
	return 0;
}

static int directory_list_read_names(struct copy_state *copy, struct directory_list *list, int fd)
{
	ssize_t size;

	while ((size = getdents64(fd, copy->listing, COPY_LISTING)) > 0) {
		for (ssize_t at = 0; at < size;) {
			const struct dirent64 *entry = (const void *)(copy->listing + at);

			at += entry->d_reclen;
			if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
			    directory_list_add_name(list, entry->d_name) < 0)
				return -1;
		}
		if (copy_is_cancelled(copy)) {
			errno = ECANCELED;
			return -1;
		}
	}
	return size < 0 ? -1 : 0;
}

static int directory_list_compare_names(const void *one, const void *other)
{
	return strcmp(*(const char *const *)one, *(const char *const *)other);
}

static int directory_list_sort_names(struct directory_list *list)
{
	const char *at = list->names;

	list->order = calloc(list->n + 1, sizeof(*list->order));
	if (!list->order)
		return -1;
	for (size_t i = 0; i < list->n; i++, at += strlen(at) + 1)
		list->order[i] = at;
	qsort(list->order, list->n, sizeof(*list->order), directory_list_compare_names);
	return 0;
}

static enum warden_file_type directory_list_type_of(mode_t mode)
{
	if (S_ISREG(mode))
		return WARDEN_FILE_TYPE_FILE;
	if (S_ISDIR(mode))
		return WARDEN_FILE_TYPE_DIRECTORY;
	return S_ISLNK(mode) ? WARDEN_FILE_TYPE_SYMLINK : WARDEN_FILE_TYPE_OTHER;
}

static int directory_list_report_entry(struct copy_state *copy, struct directory_list *list,
				       const char *name, const struct stat *st, const char *target)
{
	const struct copy_guard *guard = &copy->request->source.guard;
	size_t cost = strlen(name) + (target ? strlen(target) : 0) + ENTRY_COST;
	const struct warden_file_entry entry = {
		.size = sizeof(entry),
		.name = name,
		.type = directory_list_type_of(st->st_mode),
		.mode = st->st_mode & 07777,
		.bytes = (uint64_t)st->st_size,
		.modified_us = st->st_mtim.tv_sec * INT64_C(1000000) + st->st_mtim.tv_nsec / 1000,
		.uid = copy_guard_id(guard, st->st_uid),
		.gid = copy_guard_id(guard, st->st_gid),
		.target = target,
	};

	if (cost > list->room) {
		errno = EFBIG;
		return -1;
	}
	list->room -= cost;
	return list->report(&entry);
}

/* Reports an entry; one that has vanished is left out. -1 with errno. */
static int directory_list_add_entry(struct copy_state *copy, struct directory_list *list,
				    int dir_fd, const char *name)
{
	char link[PATH_MAX];
	struct stat st;
	ssize_t length = 0;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -1;
	if (S_ISLNK(st.st_mode))
		length = readlinkat(dir_fd, name, link, sizeof(link) - 1);
	if (length < 0)
		return errno == ENOENT || errno == EINVAL ? 0 : -1;
	link[length] = '\0';
	return directory_list_report_entry(copy, list, name, &st,
					   S_ISLNK(st.st_mode) ? link : NULL);
}

static int directory_list_read(struct copy_state *copy, struct directory_list *list, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || copy_guard_check(&copy->request->source, fd, &st) < 0 ||
	    directory_list_read_names(copy, list, fd) < 0 || directory_list_sort_names(list) < 0)
		return -1;
	for (size_t i = 0; i < list->n; i++) {
		if (copy_is_cancelled(copy))
			errno = ECANCELED;
		if (copy_is_cancelled(copy) ||
		    directory_list_add_entry(copy, list, fd, list->order[i]) < 0)
			return -1;
	}
	return 0;
}

/* Lists a path that is no directory: the entry itself. -1 with errno. */
static int directory_list_read_single(struct copy_state *copy, struct directory_list *list)
{
	struct copy_path path = {0};
	_cleanup_close_ int parent = -1;
	struct stat st;
	int result = copy_path_split(copy->request->source.path, &path);

	if (result == 0 && path.slash) {
		errno = ENOTDIR;
		result = -1;
	}
	if (result == 0) {
		parent = copy_source_open(copy, path.parent, O_PATH | O_DIRECTORY);
		result = parent < 0 ? -1 : fstatat(parent, path.last, &st, AT_SYMLINK_NOFOLLOW);
	}
	if (result == 0)
		result = directory_list_add_entry(copy, list, parent, path.last);
	copy_path_free(&path);
	return result;
}

static int directory_list_run(struct copy_state *copy, void *data)
{
	struct directory_list *list = data;
	_cleanup_close_ int fd = -1;
	int result;

	if (copy_as_source(copy) < 0)
		return -1;
	fd = copy_source_open(copy, copy->request->source.path, O_RDONLY | O_DIRECTORY);
	if (fd < 0 && errno != ENOTDIR && errno != ENOENT)
		return directory_list_fail(copy, "list");
	/* ENOENT: the path may be a dangling link, which exists itself. */
	result = fd < 0 ? directory_list_read_single(copy, list)
			: directory_list_read(copy, list, fd);
	return result == 0 ? 0 : directory_list_fail(copy, "list");
}

int file_list(const struct copy_request *request, uint64_t length, file_entry_fn *report,
	      struct warden_error *err)
{
	struct directory_list list = {.report = report, .room = length};
	int result = copy_run(request, directory_list_run, &list, err);

	free(list.names);
	free(list.order);
	return result;
}
