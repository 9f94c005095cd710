/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of directories between mounts that one process sees, with owners and modes. */
#ifndef BACKENDS_LINUX_ROOT_TREE_COPY_H
#define BACKENDS_LINUX_ROOT_TREE_COPY_H

#include "warden/backend.h"

/* Copies the directory `name` below `from` to the same name below `to`, where it is not yet: its
 * directories, regular files, links and fifos. No link is followed. Ids that are not from `first`
 * on, `count` of them, become `first`. */
int tree_copy(int from, int to, const char *name, uint32_t first, uint32_t count,
	      struct warden_error *err);

#endif
