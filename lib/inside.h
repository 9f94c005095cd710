/* SPDX-License-Identifier: Apache-2.0 */
/* Paths below a directory that is taken as the root `/`: links are followed, and neither a link nor
 * ".." leads out of it. */
#ifndef LIB_INSIDE_H
#define LIB_INSIDE_H

#include <linux/openat2.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Removes the `/` at the beginning of a name, "." and empty parts, and each ".." with the part
 * before it: the ".." of the root is the root. In place. Returns the length; 0: the root itself. */
size_t inside_clean_name(char *name);

/* openat2(2) with RESOLVE_* flags, of which one must be RESOLVE_IN_ROOT or RESOLVE_BENEATH. Returns
 * a descriptor, or -1 and errno. */
int inside_open(int root_fd, const char *path, int flags, uint64_t resolve);

/* How missing parts of a path are made. */
struct inside_maker {
	/* Makes the missing `name`, the last part of the path or a directory above it. -1 and
	 * errno; EEXIST is no failure. */
	int (*make)(void *data, int directory_fd, const char *name, bool last);
	void *data;
	bool replace; /* a file in the place of a directory is removed first */
};

/* A `make` whose parts are all directories, with mode 0755. */
int inside_make_directory(void *data, int directory_fd, const char *name, bool last);

/* As inside_open with O_PATH, but makes what is missing, also behind links to nothing. */
int inside_open_or_make(int root_fd, const char *path, uint64_t resolve,
			const struct inside_maker *maker);

#endif
