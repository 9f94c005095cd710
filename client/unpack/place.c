/* SPDX-License-Identifier: Apache-2.0 */
/* lib/inside.h resolves names, so that no link leads out of the root; see place.h. */
#include <config.h>

#include "client/unpack/place.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/cleanup.h"
#include "lib/inside.h"

/* Nothing is mounted below the root of a tree that is being made. */
#define PLACE_RESOLVE (RESOLVE_IN_ROOT | RESOLVE_NO_XDEV)

int place_name(const char *raw, char name[PATH_MAX], struct warden_error *err)
{
	_cleanup_free_ char *clean = strdup(raw);

	if (!clean)
		return warden_error_errno(err, "read the name %s", raw);
	if (inside_clean_name(clean) + 2 > PATH_MAX)
		return warden_error_set(err, "%s: a name of more than %d bytes", raw, PATH_MAX - 2);
	snprintf(name, PATH_MAX, "%s", clean);
	return 0;
}

static int place_fail_parent(const char *name, struct warden_error *err)
{
	int number = errno;

	if (number == ENOTDIR)
		warden_error_set(err, "%s: leads through a file that is not a directory", name);
	else
		warden_error_errno(err, "open the directory of %s", name);
	err->number = number;
	return -1;
}

int place_parent(int root_fd, const char *name, bool make, const char **base,
		 struct warden_error *err)
{
	const struct inside_maker maker = {.make = inside_make_directory, .replace = true};
	const char *slash = strrchr(name, '/');
	char directory[PATH_MAX] = ".";
	int fd;

	/* With the dot the part before it must be a directory, so that a file there is replaced. */
	if (slash)
		snprintf(directory, sizeof(directory), "%.*s/.", (int)(slash - name), name);
	*base = slash ? slash + 1 : name;
	fd = make ? inside_open_or_make(root_fd, directory, PLACE_RESOLVE, &maker)
		  : inside_open(root_fd, directory, O_PATH | O_DIRECTORY, PLACE_RESOLVE);
	return fd < 0 ? place_fail_parent(name, err) : fd;
}

int place_open_file(int root_fd, const char *name, struct warden_error *err)
{
	/* O_NONBLOCK: a pipe without a writer or a device must not block. */
	_cleanup_close_ int fd =
		inside_open(root_fd, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, PLACE_RESOLVE);
	struct stat status;

	if (fd < 0)
		return warden_error_errno(err, "open %s", name);
	if (fstat(fd, &status) < 0)
		return warden_error_errno(err, "stat %s", name);
	if (!S_ISREG(status.st_mode))
		return warden_error_set(err, "%s is not a regular file", name);
	return take_fd(&fd);
}
