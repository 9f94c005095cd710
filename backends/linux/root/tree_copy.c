/* SPDX-License-Identifier: Apache-2.0 */
/* See tree_copy.h. */
#include "backends/linux/root/tree_copy.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"

/* Each level holds two descriptors and a bit of stack. */
enum { DEPTH_MAX = 200 };

/* Bytes copied by one call, between two reports of progress. */
#define PART ((size_t)64 << 20)

struct tree_copy {
	uint32_t first, count; /* ids */
	unsigned depth;
	void (*progress)(void *data);
	void *data;
	struct warden_error *err;
};

static int tree_copy_entry(struct tree_copy *copy, int from, int to, const char *name);

static int tree_copy_error(struct tree_copy *copy, const char *what, const char *name)
{
	return warden_error_errno(copy->err, "copy the root file system: %s %s", what, name);
}

static uint32_t tree_copy_map_id(const struct tree_copy *copy, uint32_t id)
{
	return id - copy->first < copy->count ? id : copy->first;
}

static int tree_copy_set_status(struct tree_copy *copy, int fd, const char *name,
				const struct stat *status)
{
	const struct timespec times[2] = {status->st_atim, status->st_mtim};

	/* The mode last: a new owner takes bits away. */
	if (fchown(fd, tree_copy_map_id(copy, status->st_uid),
		   tree_copy_map_id(copy, status->st_gid)) < 0 ||
	    fchmod(fd, status->st_mode & 07777) < 0 || futimens(fd, times) < 0)
		return tree_copy_error(copy, "set owner, mode and times of", name);
	return 0;
}

static int tree_copy_data(struct tree_copy *copy, int source, int target, const char *name)
{
	for (;;) {
		ssize_t sent = copy_file_range(source, NULL, target, NULL, PART, 0);

		if (sent < 0 && (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP))
			sent = sendfile(target, source, NULL, PART);
		if (sent < 0 && errno != EINTR)
			return tree_copy_error(copy, "write", name);
		if (sent == 0)
			return 0;
		copy->progress(copy->data);
	}
}

static int tree_copy_file(struct tree_copy *copy, int from, int to, const char *name,
			  const struct stat *status)
{
	_cleanup_close_ int source =
		openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	_cleanup_close_ int target = -1;

	if (source < 0)
		return tree_copy_error(copy, "open", name);
	target = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (target < 0)
		return tree_copy_error(copy, "make", name);
	if (tree_copy_data(copy, source, target, name) < 0)
		return -1;
	return tree_copy_set_status(copy, target, name, status);
}

static int tree_copy_link(struct tree_copy *copy, int from, int to, const char *name,
			  const struct stat *status)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(from, name, target, sizeof(target) - 1);

	if (length < 0)
		return tree_copy_error(copy, "read link", name);
	target[length] = '\0';
	if (symlinkat(target, to, name) < 0 ||
	    fchownat(to, name, tree_copy_map_id(copy, status->st_uid),
		     tree_copy_map_id(copy, status->st_gid), AT_SYMLINK_NOFOLLOW) < 0)
		return tree_copy_error(copy, "make link", name);
	return 0;
}

static int tree_copy_entries(struct tree_copy *copy, DIR *list, int target)
{
	for (;;) {
		const struct dirent *entry;

		errno = 0;
		entry = readdir(list);
		if (!entry)
			return errno == 0 ? 0 : tree_copy_error(copy, "read", "a directory");
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    tree_copy_entry(copy, dirfd(list), target, entry->d_name) < 0)
			return -1;
	}
}

static int tree_copy_directory(struct tree_copy *copy, int from, int to, const char *name,
			       const struct stat *status)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int source = openat(from, name, flags);
	_cleanup_closedir_ DIR *list = source < 0 ? NULL : fdopendir(source);
	_cleanup_close_ int target = -1;
	int result;

	if (!list) {
		tree_copy_error(copy, "open", name);
		if (source >= 0)
			close(source);
		return -1;
	}
	if (copy->depth == DEPTH_MAX) {
		errno = ELOOP;
		return tree_copy_error(copy, "enter", name);
	}
	if (mkdirat(to, name, 0700) < 0)
		return tree_copy_error(copy, "make", name);
	target = openat(to, name, flags);
	if (target < 0)
		return tree_copy_error(copy, "open", name);
	copy->depth++;
	result = tree_copy_entries(copy, list, target);
	copy->depth--;
	return result < 0 ? -1 : tree_copy_set_status(copy, target, name, status);
}

static int tree_copy_entry(struct tree_copy *copy, int from, int to, const char *name)
{
	struct stat status;

	copy->progress(copy->data);
	if (fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return tree_copy_error(copy, "stat", name);
	switch (status.st_mode & S_IFMT) {
	case S_IFDIR:
		return tree_copy_directory(copy, from, to, name, &status);
	case S_IFREG:
		return tree_copy_file(copy, from, to, name, &status);
	case S_IFLNK:
		return tree_copy_link(copy, from, to, name, &status);
	case S_IFIFO:
		if (mknodat(to, name, S_IFIFO | (status.st_mode & 0777), 0) < 0)
			return tree_copy_error(copy, "make fifo", name);
		return 0;
	default:
		return 0; /* sockets and devices are skipped */
	}
}

int tree_copy(int from, int to, const char *name, uint32_t first, uint32_t count,
	      void (*progress)(void *data), void *data, struct warden_error *err)
{
	struct tree_copy copy = {
		.first = first,
		.count = count,
		.progress = progress,
		.data = data,
		.err = err,
	};

	return tree_copy_entry(&copy, from, to, name);
}
