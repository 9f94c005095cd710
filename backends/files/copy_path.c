/* SPDX-License-Identifier: Apache-2.0 */
/* Splits the paths of a request and opens them so that links are followed only as far as their side
 * allows. */
#include <config.h>

#include "backends/files/copy_private.h"
#include "lib/cleanup.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* openat2 returns EAGAIN while another process renames directories on the path; one that never
 * stops must not cause an endless loop. */
enum { RESOLVE_TRIES = 1000 };

static uint64_t copy_path_resolve_flags(enum copy_links links)
{
	switch (links) {
	case COPY_LINKS_IN_ROOT:
		return RESOLVE_NO_MAGICLINKS | RESOLVE_IN_ROOT;
	case COPY_LINKS_TRUSTED: /* copy_guard.c opens sources on the host */
	case COPY_LINKS_REFUSE:
		break;
	}
	return RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS;
}

/* Opens a path of a side. Returns a descriptor, or -1 with errno. */
int copy_path_open(const struct copy_side *side, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY),
		.resolve = copy_path_resolve_flags(side->links),
	};

	if (flags & O_PATH)
		how.flags = (uint64_t)(flags | O_CLOEXEC);
	for (int i = 0; i < RESOLVE_TRIES; i++) {
		long fd = syscall(SYS_openat2, side->root_fd, path, &how, sizeof(how));

		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			return (int)fd;
	}
	return -1;
}

/* Opens the directory that a path names, to make entries in it. O_PATH if it cannot be listed. */
int copy_path_directory(const struct copy_side *side, const char *path)
{
	int fd = copy_path_open(side, path, O_RDONLY | O_DIRECTORY);

	if (fd < 0 && errno == EACCES)
		fd = copy_path_open(side, path, O_PATH | O_DIRECTORY);
	return fd;
}

static bool copy_path_is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Splits a path. -1 with errno. */
int copy_path_split(const char *path, struct copy_path *split)
{
	size_t end = strlen(path), begin;

	if (end == 0) {
		errno = ENOENT;
		return -1;
	}
	split->slash = path[end - 1] == '/';
	while (end > 0 && path[end - 1] == '/')
		end--;
	for (begin = end; begin > 0 && path[begin - 1] != '/'; begin--)
		;
	split->last = strndup(path + begin, end - begin);
	split->parent = begin > 0 ? strndup(path, begin) : strdup(*path == '/' ? "/" : ".");
	if (!split->last || !split->parent)
		return -1;
	split->slash = split->slash || copy_path_is_dots(split->last);
	return 0;
}

void copy_path_free(struct copy_path *split)
{
	free(split->parent);
	free(split->last);
}
