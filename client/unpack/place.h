/* SPDX-License-Identifier: Apache-2.0 */
/* Names of an archive, and where they lie below a root directory that nothing of it may leave. */
#ifndef CLIENT_UNPACK_PLACE_H
#define CLIENT_UNPACK_PLACE_H

#include <limits.h>
#include <stdbool.h>

#include "warden/backend.h"

/* Where links that the directories of a name may be resolve. */
enum place_links {
	PLACE_NO_LINKS,     /* a name that goes through one is refused */
	PLACE_LINKS_INSIDE, /* below the root, as if that were `/` */
};

/* Takes "." and empty parts out of a name: "" is the root itself. Absolute names and those with
 * ".." are refused. */
int place_name(const char *raw, char name[PATH_MAX], struct warden_error *err);

/* Opens the directory that holds `name` (clean, and not empty) with O_PATH; `*base` is the last
 * part of it. With `make`, directories that are missing are made. -1 with err->number ENOENT where
 * one is missing, and not made. */
int place_parent(int root_fd, const char *name, enum place_links links, bool make,
		 const char **base, struct warden_error *err);

/* Opens a file below a directory for reading, links resolved below it. */
int place_open_file(int root_fd, const char *name, struct warden_error *err);

/* Whether a symbolic link in `parent_fd` stays below the root; an absolute one does, as its root is
 * the container's. -1 where that cannot be told. */
int place_link_stays(int root_fd, int parent_fd, const char *target);

#endif
