/* SPDX-License-Identifier: Apache-2.0 */
/* Resolves names of an archive below a root directory, which no name may leave: links in the
 * directories of a name are followed inside of the root, as if that were `/`. */
#ifndef CLIENT_UNPACK_PLACE_H
#define CLIENT_UNPACK_PLACE_H

#include <limits.h>
#include <stdbool.h>

#include "warden/backend.h"

/* Removes "/" at the beginning of a name, "." and empty parts, and ".." with the part before it;
 * "" is the root itself. -1 if it is too long. */
int place_name(const char *raw, char name[PATH_MAX], struct warden_error *err);

/* Opens the directory of `name` (from place_name, not empty) with O_PATH; `*base` is set to the
 * name's last part. With `make`, missing directories are created, and replace files in their place.
 * -1 with err->number ENOENT if one is missing. */
int place_parent(int root_fd, const char *name, bool make, const char **base,
		 struct warden_error *err);

/* Opens a regular file below a directory for reading; links are resolved inside of it. */
int place_open_file(int root_fd, const char *name, struct warden_error *err);

#endif
