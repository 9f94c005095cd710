/* SPDX-License-Identifier: Apache-2.0 */
/* Resolves names of an archive below a root directory, which no name may leave. */
#ifndef CLIENT_UNPACK_PLACE_H
#define CLIENT_UNPACK_PLACE_H

#include <limits.h>
#include <stdbool.h>

#include "warden/backend.h"

/* How symbolic links in the directories of a name are resolved. */
enum place_links {
	PLACE_NO_LINKS,     /* a name through a link is refused */
	PLACE_LINKS_INSIDE, /* inside of the root, as if that were `/` */
};

/* Removes "." and empty parts of a name; "" is the root itself. Absolute names and names with
 * ".." are refused. */
int place_name(const char *raw, char name[PATH_MAX], struct warden_error *err);

/* Opens the directory of `name` (from place_name, not empty) with O_PATH; `*base` is set to the
 * name's last part. With `make`, missing directories are created. -1 with err->number ENOENT if
 * one is missing. */
int place_parent(int root_fd, const char *name, enum place_links links, bool make,
		 const char **base, struct warden_error *err);

/* Opens a regular file below a directory for reading; links are resolved inside of it. */
int place_open_file(int root_fd, const char *name, struct warden_error *err);

/* Returns 1 if the target of a symbolic link in `parent_fd` stays below the root, else 0; an
 * absolute target stays, because it is resolved in the container. -1 on failure. */
int place_link_stays(int root_fd, int parent_fd, const char *target);

#endif
