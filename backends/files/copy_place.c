/* SPDX-License-Identifier: Apache-2.0 */
/* Names in target directories: how a file, a link or a directory gets a name that may exist. Files
 * and links replace anything but directories, and empty directories, those of a tar stream all
 * directories; directories replace anything but directories. Every step works on a single name in a
 * directory that is held open, so a link that a container plants is replaced and never followed. */
#include <config.h>

#include "backends/files/copy_private.h"
#include "lib/cleanup.h"
#include "lib/remove_tree.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* A process that makes and removes the same names can make a step fail this often. */
enum { PLACE_TRIES = 16 };

void copy_temporary_name(struct copy_state *copy, char name[COPY_TEMPORARY_SIZE])
{
	snprintf(name, COPY_TEMPORARY_SIZE, ".warden-copy-%016" PRIx64 "-%" PRIu64, copy->token,
		 copy->temporaries++);
}

/* A job may add files for ever. */
static bool copy_place_proceeds(void *data)
{
	return !copy_is_cancelled(data);
}

/* Removes the directory that a file or link replaces. */
int copy_place_remove_tree(struct copy_state *copy, int dir_fd, const char *name)
{
	struct warden_error error = {0};

	copy->replaced_directory = true;
	if (unlinkat(dir_fd, name, AT_REMOVEDIR) == 0)
		return 0;
	if (!copy->replaces_trees || (errno != ENOTEMPTY && errno != EEXIST))
		return -1;
	copy_report_replaced(copy);
	if (remove_tree_while(dir_fd, name, copy_place_proceeds, copy, &error) == 0)
		return 0;
	errno = error.number ? error.number : ENOTEMPTY;
	return -1;
}

/* Renames a temporary name to the final one; removes the temporary one if that fails. */
int copy_place_rename(struct copy_state *copy, int dir_fd, const char *temporary, const char *name)
{
	int saved;

	if (renameat(dir_fd, temporary, dir_fd, name) == 0)
		return 0;
	if (errno == EISDIR || errno == ENOTEMPTY || errno == EEXIST) {
		if (copy_place_remove_tree(copy, dir_fd, name) == 0 &&
		    renameat(dir_fd, temporary, dir_fd, name) == 0)
			return 0;
	}
	saved = errno;
	unlinkat(dir_fd, temporary, 0); /* the first error is reported */
	errno = saved;
	return -1;
}

/* Gives an open file without a name one. linkat with AT_EMPTY_PATH needs a capability that the
 * identity may lack; the name in /proc does not. */
static int copy_place_name_file(struct copy_state *copy, int dir_fd, int fd, const char *name)
{
	char path[32];

	if (!copy->link_by_proc) {
		if (linkat(fd, "", dir_fd, name, AT_EMPTY_PATH) == 0)
			return 0;
		if (errno != ENOENT)
			return -1;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, path, dir_fd, name, AT_SYMLINK_FOLLOW) < 0)
		return -1;
	copy->link_by_proc = true;
	return 0;
}

int copy_place_file(struct copy_state *copy, int dir_fd, int fd, const char *name)
{
	char temporary[COPY_TEMPORARY_SIZE];

	if (copy_place_name_file(copy, dir_fd, fd, name) == 0)
		return 0;
	if (errno != EEXIST)
		return -1;
	copy_temporary_name(copy, temporary);
	if (copy_place_name_file(copy, dir_fd, fd, temporary) < 0)
		return -1;
	return copy_place_rename(copy, dir_fd, temporary, name);
}

/* Sets the owner of a link through a descriptor, since the name may be another file's meanwhile. */
static int copy_place_set_link_owner(const struct copy_state *copy, int dir_fd, const char *name)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (!copy->request->owner.set)
		return 0;
	fd = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	if (!S_ISLNK(st.st_mode) || st.st_uid != copy_target_uid(copy)) {
		errno = ESTALE;
		return -1;
	}
	return copy_set_owner(copy, fd);
}

static bool copy_place_is_link_to(int dir_fd, const char *name, const char *text)
{
	char buffer[PATH_MAX];
	ssize_t length = readlinkat(dir_fd, name, buffer, sizeof(buffer));

	return length >= 0 && (size_t)length == strlen(text) &&
	       memcmp(buffer, text, (size_t)length) == 0;
}

int copy_place_link(struct copy_state *copy, int dir_fd, const char *text, const char *name)
{
	char temporary[COPY_TEMPORARY_SIZE];

	if (symlinkat(text, dir_fd, name) == 0)
		return copy_place_set_link_owner(copy, dir_fd, name);
	if (errno != EEXIST)
		return -1;
	if (copy_place_is_link_to(dir_fd, name, text))
		return 0;
	copy_temporary_name(copy, temporary);
	if (symlinkat(text, dir_fd, temporary) < 0)
		return -1;
	if (copy_place_set_link_owner(copy, dir_fd, temporary) < 0) {
		unlinkat(dir_fd, temporary, 0); /* the first error is reported */
		return -1;
	}
	return copy_place_rename(copy, dir_fd, temporary, name);
}

/* Opens a directory, with O_PATH if it may be entered but not listed: that is enough for a target.
 */
int copy_open_directory(int dir_fd, const char *name)
{
	const int flags = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dir_fd, name, O_RDONLY | O_NONBLOCK | flags);

	if (fd < 0 && errno == EACCES)
		fd = openat(dir_fd, name, O_PATH | flags);
	return fd;
}

int copy_place_directory(int dir_fd, const char *name, mode_t mode, bool *fresh)
{
	for (int i = 0; i < PLACE_TRIES; i++) {
		int fd;

		*fresh = mkdirat(dir_fd, name, (mode & 0777) | 0700) == 0;
		if (!*fresh && errno != EEXIST)
			return -1;
		fd = copy_open_directory(dir_fd, name);
		if (fd >= 0 || (errno != ENOTDIR && errno != ELOOP && errno != ENOENT))
			return fd;
		if (unlinkat(dir_fd, name, 0) < 0 && errno != ENOENT && errno != EISDIR)
			return -1;
	}
	return -1;
}

/* Fails if the name exists. */
int copy_make_directory(int dir_fd, const char *name, mode_t mode)
{
	if (mkdirat(dir_fd, name, (mode & 0777) | 0700) < 0)
		return -1;
	return copy_open_directory(dir_fd, name);
}
