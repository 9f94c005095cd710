/* SPDX-License-Identifier: Apache-2.0 */
/* openat2 resolves names, so that no link leads out of the root; see place.h. */
#include <config.h>

#include "client/unpack/place.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "lib/cleanup.h"

/* openat2 fails with EAGAIN if any directory of the machine is moved while it resolves "..". */
enum { MAX_TRIES = 1000 };

int place_name(const char *raw, char name[PATH_MAX], struct warden_error *err)
{
	size_t length = 0;

	/* Some archives name the root itself "/". */
	if (*raw == '/' && raw[strspn(raw, "/")])
		return warden_error_set(err, "%s: an absolute name", raw);
	for (const char *part = raw; *part;) {
		size_t size = strcspn(part, "/");

		if (size == 2 && memcmp(part, "..", 2) == 0)
			return warden_error_set(err, "%s: a name with '..'", raw);
		if (length + size + 2 > PATH_MAX)
			return warden_error_set(err, "%s: a name of more than %d bytes", raw,
						PATH_MAX - 2);
		if (size > 0 && !(size == 1 && *part == '.')) {
			if (length > 0)
				name[length++] = '/';
			memcpy(name + length, part, size);
			length += size;
		}
		part += size + (part[size] == '/');
	}
	name[length] = '\0';
	return 0;
}

static int place_open_below(int root_fd, const char *path, int flags, enum place_links links)
{
	struct open_how how = {
		.flags = (uint64_t)flags | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV |
			   (links == PLACE_NO_LINKS ? RESOLVE_NO_SYMLINKS : 0),
	};
	long fd = -1;

	for (int i = 0; i < MAX_TRIES; i++) {
		fd = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return (int)fd;
}

static int place_open_directory(int root_fd, const char *path, enum place_links links)
{
	return place_open_below(root_fd, *path ? path : ".", O_PATH | O_DIRECTORY, links);
}

/* Creates the missing directories of `path` and opens the last one. */
static int place_make_directories(int root_fd, const char *path, enum place_links links)
{
	_cleanup_close_ int fd = place_open_directory(root_fd, "", links);
	char part[PATH_MAX];

	for (const char *end = path; fd >= 0 && *end; end += *end == '/') {
		const char *start = end;
		int next;

		end += strcspn(end, "/");
		memcpy(part, path, (size_t)(end - path));
		part[end - path] = '\0';
		next = place_open_directory(root_fd, part, links);
		/* EEXIST: a dangling link; the next open fails. */
		if (next < 0 && errno == ENOENT &&
		    (mkdirat(fd, part + (start - path), 0755) == 0 || errno == EEXIST))
			next = place_open_directory(root_fd, part, links);
		if (next < 0)
			return -1;
		close(fd);
		fd = next;
	}
	return take_fd(&fd);
}

static int place_fail_parent(const char *name, struct warden_error *err)
{
	int number = errno;

	if (number == ELOOP)
		warden_error_set(err, "%s: leads through a symbolic link", name);
	else if (number == ENOTDIR)
		warden_error_set(err, "%s: leads through a file that is not a directory", name);
	else if (number == ENOENT)
		warden_error_set(err, "%s: leads through a symbolic link to a missing file", name);
	else
		warden_error_errno(err, "open the directory of %s", name);
	err->number = number;
	return -1;
}

int place_parent(int root_fd, const char *name, enum place_links links, bool make,
		 const char **base, struct warden_error *err)
{
	const char *slash = strrchr(name, '/');
	char directory[PATH_MAX] = "";
	int fd;

	if (slash)
		memcpy(directory, name, (size_t)(slash - name));
	*base = slash ? slash + 1 : name;
	fd = place_open_directory(root_fd, directory, links);
	if (fd < 0 && errno == ENOENT && make)
		fd = place_make_directories(root_fd, directory, links);
	return fd < 0 ? place_fail_parent(name, err) : fd;
}

int place_open_file(int root_fd, const char *name, struct warden_error *err)
{
	/* O_NONBLOCK: a pipe without a writer or a device must not block. */
	_cleanup_close_ int fd = place_open_below(root_fd, name, O_RDONLY | O_NONBLOCK | O_NOCTTY,
						  PLACE_LINKS_INSIDE);
	struct stat status;

	if (fd < 0)
		return warden_error_errno(err, "open %s", name);
	if (fstat(fd, &status) < 0)
		return warden_error_errno(err, "stat %s", name);
	if (!S_ISREG(status.st_mode))
		return warden_error_set(err, "%s is not a regular file", name);
	return take_fd(&fd);
}

static bool place_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Returns the number of directories from the root to the open one; -1: unknown. */
static int place_depth(int root_fd, int parent_fd)
{
	_cleanup_close_ int fd = openat(parent_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat root, here;
	int depth = 0;

	if (fstat(root_fd, &root) < 0)
		return -1;
	while (fd >= 0 && fstat(fd, &here) == 0) {
		int up;

		if (place_same_file(&here, &root))
			return depth;
		depth++;
		up = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		close(fd);
		fd = up;
	}
	return -1;
}

int place_link_stays(int root_fd, int parent_fd, const char *target)
{
	int depth;

	if (*target == '/' || !strstr(target, ".."))
		return 1;
	depth = place_depth(root_fd, parent_fd);
	if (depth < 0)
		return -1;
	while (*target) {
		size_t size = strcspn(target, "/");

		if (size == 2 && memcmp(target, "..", 2) == 0)
			depth--;
		else if (size > 0 && !(size == 1 && *target == '.'))
			depth++;
		if (depth < 0)
			return 0;
		target += size + (target[size] == '/');
	}
	return 1;
}
