/* SPDX-License-Identifier: Apache-2.0 */
/* See trusted_path.h. Each component is opened without following a link, below a directory that is
 * held open; what is checked is what was opened, so a swap of names changes nothing. */
#include "lib/trusted_path.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/cleanup.h"

/* As the kernel's. */
enum { LINKS_MAX = 40 };

struct trusted_walk {
	const struct trusted_owners *owners;
	struct warden_error *refusal;
	int fd;                 /* what was reached */
	char reached[PATH_MAX]; /* its path, for messages; "": the root */
	char rest[PATH_MAX];    /* to be walked */
	unsigned links;         /* followed */
};

static int trusted_path_fail(int number)
{
	errno = number;
	return -1;
}

static bool trusted_path_is_trusted(uid_t owner, uid_t trusted)
{
	return owner == 0 || owner == trusted;
}

/* Returns why a link in this directory is not followed, or NULL; `*owner` is set to the owner that
 * the reason is about. */
static const char *trusted_path_distrust(const struct trusted_walk *walk, const struct stat *link,
					 const struct stat *directory, uid_t *owner)
{
	*owner = link->st_uid;
	if (!trusted_path_is_trusted(link->st_uid, walk->owners->link_owner))
		return "it belongs to";
	*owner = directory->st_uid;
	if (!trusted_path_is_trusted(directory->st_uid, walk->owners->directory_owner))
		return "its directory may be written by containers or by its owner,";
	if ((directory->st_mode & (S_IWGRP | S_IWOTH)) && !(directory->st_mode & S_ISVTX))
		return "others may write in its directory, that of";
	return NULL;
}

/* Checks that an opened link may be followed. */
static int trusted_path_check_link(const struct trusted_walk *walk, int link,
				   const struct stat *status, const char *name)
{
	struct statfs system;
	struct stat directory;
	const char *reason;
	uid_t owner;

	if (fstat(walk->fd, &directory) < 0 || fstatfs(link, &system) < 0)
		return -1;
	if (system.f_type == PROC_SUPER_MAGIC) {
		warden_error_set(walk->refusal,
				 "link %.300s/%.200s is not followed: it is one of /proc",
				 walk->reached, name);
		return trusted_path_fail(ELOOP);
	}
	reason = trusted_path_distrust(walk, status, &directory, &owner);
	if (!reason)
		return 0;
	warden_error_set(walk->refusal, "link %.300s/%.200s is not followed: %s user %u",
			 walk->reached, name, reason, owner);
	return trusted_path_fail(ELOOP);
}

/* Puts the text of a link in front of what is left. */
static int trusted_path_enter_link(struct trusted_walk *walk, int link)
{
	char text[PATH_MAX], rest[PATH_MAX];
	ssize_t length = readlinkat(link, "", text, sizeof(text) - 1);

	if (length < 0)
		return -1;
	if (++walk->links > LINKS_MAX)
		return trusted_path_fail(ELOOP);
	text[length] = '\0';
	memcpy(rest, walk->rest, sizeof(rest));
	if (snprintf(walk->rest, sizeof(walk->rest), "%s/%s", text, rest) >=
	    (int)sizeof(walk->rest))
		return trusted_path_fail(ENAMETOOLONG);
	if (text[0] != '/')
		return 0;
	close(walk->fd);
	walk->reached[0] = '\0';
	walk->fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return walk->fd < 0 ? -1 : 0;
}

/* Adds a component to the path that messages show. */
static void trusted_path_note(struct trusted_walk *walk, const char *name)
{
	size_t length = strlen(walk->reached);
	char *slash = strrchr(walk->reached, '/');

	if (strcmp(name, "..") == 0 && slash)
		*slash = '\0';
	else if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
		/* A text that does not fit is cut in a message. */
		snprintf(walk->reached + length, sizeof(walk->reached) - length, "/%s", name);
}

static int trusted_path_enter(struct trusted_walk *walk, const char *name)
{
	const int flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
	/* O_DIRECTORY makes the kernel mount what autofs has there. */
	_cleanup_close_ int next = openat(walk->fd, name, flags | O_DIRECTORY);
	struct stat status;

	if (next < 0 && (errno == ENOTDIR || errno == ELOOP)) {
		next = openat(walk->fd, name, flags);
		if (next < 0 || fstat(next, &status) < 0)
			return -1;
		if (S_ISLNK(status.st_mode))
			return trusted_path_check_link(walk, next, &status, name) < 0
				       ? -1
				       : trusted_path_enter_link(walk, next);
	}
	if (next < 0)
		return -1;
	close(walk->fd);
	walk->fd = take_fd(&next);
	trusted_path_note(walk, name);
	return 0;
}

/* Moves the first component of what is left to `name`. False: nothing is left. */
static bool trusted_path_take_name(struct trusted_walk *walk, char name[PATH_MAX])
{
	size_t begin = strspn(walk->rest, "/");
	size_t length = strcspn(walk->rest + begin, "/");

	memcpy(name, walk->rest + begin, length);
	name[length] = '\0';
	memmove(walk->rest, walk->rest + begin + length, strlen(walk->rest + begin + length) + 1);
	return length > 0;
}

static int trusted_path_check_directory(int fd)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -1;
	return S_ISDIR(status.st_mode) ? 0 : trusted_path_fail(ENOTDIR);
}

int trusted_path_open(const char *path, int flags, const struct trusted_owners *owners,
		      struct warden_error *refusal)
{
	struct trusted_walk walk = {.owners = owners, .refusal = refusal, .fd = -1};
	size_t length = strlen(path);
	char name[PATH_MAX];
	int result = 0;

	refusal->message[0] = '\0';
	if (length == 0)
		return trusted_path_fail(ENOENT);
	if (length >= sizeof(walk.rest))
		return trusted_path_fail(ENAMETOOLONG);
	memcpy(walk.rest, path, length + 1);
	walk.fd = open(path[0] == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (walk.fd < 0)
		return -1;
	while (result == 0 && trusted_path_take_name(&walk, name))
		result = trusted_path_enter(&walk, name);
	if (result == 0 && ((flags & O_DIRECTORY) || path[length - 1] == '/'))
		result = trusted_path_check_directory(walk.fd);
	if (result == 0)
		return walk.fd;
	cleanup_close(&walk.fd);
	return -1;
}
