/* SPDX-License-Identifier: Apache-2.0 */
/* See inside.h. The kernel resolves a path; where a part is missing it is walked part by part, as
 * the kernel cannot make what a dangling link points to. */
#include "lib/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/cleanup.h"

enum {
	/* openat2 fails with EAGAIN if any directory of the machine is moved while it resolves
	 * "..". */
	MAX_TRIES = 1000,
	MAX_LINKS = 40,           /* as the kernel's */
	PART_SIZE = NAME_MAX + 2, /* a byte more than a name may have, and NUL */
};

size_t inside_clean_name(char *name)
{
	char *to = name;

	for (char *at = name; *at;) {
		size_t length = strcspn(at, "/");
		char *next = at + length + (at[length] == '/');

		if (length == 2 && memcmp(at, "..", 2) == 0) {
			while (to > name && *--to != '/')
				;
		} else if (length > 0 && !(length == 1 && *at == '.')) {
			if (to != name)
				*to++ = '/';
			memmove(to, at, length);
			to += length;
		}
		at = next;
	}
	*to = '\0';
	return (size_t)(to - name);
}

int inside_open(int root_fd, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = {
		.flags = (uint64_t)flags | O_CLOEXEC,
		.resolve = resolve | RESOLVE_NO_MAGICLINKS,
	};
	long fd = -1;

	for (int i = 0; i < MAX_TRIES; i++) {
		fd = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return (int)fd;
}

/* A path on its way: the directory that was reached, without a link in its name, and the rest. */
struct inside_walk {
	int root_fd;
	const struct inside_maker *maker;
	bool beneath; /* what would lead out fails */
	int fd;
	char reached[PATH_MAX]; /* of `fd`, below the root; "" is the root */
	char rest[2 * PATH_MAX];
	int links;
};

/* Enters the directory `reached` anew, after ".." or an absolute link. */
static int inside_walk_return(struct inside_walk *walk)
{
	if (walk->fd >= 0)
		close(walk->fd); /* opened O_PATH */
	walk->fd = inside_open(walk->root_fd, *walk->reached ? walk->reached : ".",
			       O_PATH | O_DIRECTORY, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
	return walk->fd < 0 ? -1 : 0;
}

static int inside_walk_leave_out(const struct inside_walk *walk)
{
	errno = EXDEV;
	return walk->beneath ? -1 : 0;
}

static int inside_walk_up(struct inside_walk *walk)
{
	char *slash = strrchr(walk->reached, '/');

	if (!*walk->reached)
		return inside_walk_leave_out(walk);
	*(slash ? slash : walk->reached) = '\0';
	return inside_walk_return(walk);
}

/* Puts the target of a link before the rest. */
static int inside_walk_follow(struct inside_walk *walk, int link_fd)
{
	char target[PATH_MAX], rest[sizeof(walk->rest)];
	ssize_t length = readlinkat(link_fd, "", target, sizeof(target));
	int size;

	if (length < 0)
		return -1;
	size = snprintf(rest, sizeof(rest), "%.*s/%s", (int)length, target, walk->rest);
	if (length == sizeof(target) || size >= (int)sizeof(rest)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (++walk->links > MAX_LINKS) {
		errno = ELOOP;
		return -1;
	}
	memcpy(walk->rest, rest, (size_t)size + 1);
	if (*target != '/')
		return 0;
	*walk->reached = '\0';
	return inside_walk_leave_out(walk) < 0 ? -1 : inside_walk_return(walk);
}

/* Goes on in what was found or made. Takes its descriptor. */
static int inside_walk_enter(struct inside_walk *walk, const char *part, int fd)
{
	size_t length = strlen(walk->reached);
	int added = snprintf(walk->reached + length, sizeof(walk->reached) - length, "%s%s",
			     length > 0 ? "/" : "", part);

	close(walk->fd); /* opened O_PATH */
	walk->fd = fd;
	if (length + (size_t)added < sizeof(walk->reached))
		return 0;
	errno = ENAMETOOLONG;
	return -1;
}

/* Opens a part of the directory; makes it if it is missing. */
static int inside_walk_open_part(const struct inside_walk *walk, const char *part, bool last)
{
	const struct inside_maker *maker = walk->maker;
	const int flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(walk->fd, part, flags);
	struct stat status;

	if (fd >= 0 && !last && maker->replace && fstat(fd, &status) == 0 &&
	    !S_ISDIR(status.st_mode) && !S_ISLNK(status.st_mode)) {
		close(take_fd(&fd)); /* opened O_PATH */
		if (unlinkat(walk->fd, part, 0) < 0)
			return -1;
		errno = ENOENT;
	}
	if (fd >= 0 || errno != ENOENT)
		return fd;
	if (maker->make(maker->data, walk->fd, part, last) < 0 && errno != EEXIST)
		return -1;
	return openat(walk->fd, part, flags);
}

static int inside_walk_step(struct inside_walk *walk, const char *part, bool last)
{
	_cleanup_close_ int fd = -1;
	struct stat status;

	if (strcmp(part, ".") == 0)
		return 0;
	if (strcmp(part, "..") == 0)
		return inside_walk_up(walk);
	fd = inside_walk_open_part(walk, part, last);
	if (fd < 0 || fstat(fd, &status) < 0)
		return -1;
	if (S_ISLNK(status.st_mode))
		return inside_walk_follow(walk, fd);
	return inside_walk_enter(walk, part, take_fd(&fd));
}

/* Takes the next part from the rest; false at its end. `*last`: nothing but `/` follows. */
static bool inside_walk_next_part(struct inside_walk *walk, char part[PART_SIZE], bool *last)
{
	const char *at = walk->rest + strspn(walk->rest, "/");
	size_t length = strcspn(at, "/");
	const char *next = at + length + strspn(at + length, "/");

	if (length == 0)
		return false;
	/* A part that is too long is cut to one that the kernel refuses too. */
	snprintf(part, PART_SIZE, "%.*s", (int)length, at);
	*last = !*next;
	memmove(walk->rest, next, strlen(next) + 1);
	return true;
}

static int inside_walk_run(struct inside_walk *walk, const char *path)
{
	char part[PART_SIZE];
	bool last;

	if (snprintf(walk->rest, sizeof(walk->rest), "%s", path) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (inside_walk_return(walk) < 0)
		return -1;
	while (inside_walk_next_part(walk, part, &last))
		if (inside_walk_step(walk, part, last) < 0)
			return -1;
	return 0;
}

int inside_make_directory(void *data, int directory_fd, const char *name, bool last)
{
	(void)data;
	(void)last;
	return mkdirat(directory_fd, name, 0755);
}

int inside_open_or_make(int root_fd, const char *path, uint64_t resolve,
			const struct inside_maker *maker)
{
	struct inside_walk walk = {
		.root_fd = root_fd,
		.maker = maker,
		.beneath = resolve & RESOLVE_BENEATH,
		.fd = inside_open(root_fd, path, O_PATH, resolve),
	};
	int result;

	if (walk.fd >= 0 || (errno != ENOENT && !(errno == ENOTDIR && maker->replace)))
		return walk.fd;
	result = inside_walk_run(&walk, path);
	if (result < 0)
		cleanup_close(&walk.fd);
	return result < 0 ? -1 : walk.fd;
}
