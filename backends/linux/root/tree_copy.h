/* SPDX-License-Identifier: Apache-2.0 */
/* Copies directories between mounts of one process, with owners, modes and times. */
#ifndef BACKENDS_LINUX_ROOT_TREE_COPY_H
#define BACKENDS_LINUX_ROOT_TREE_COPY_H

#include "warden/backend.h"

/* Copies the directory `name` below `from` to the same name below `to`, which must not exist:
 * directories, regular files, links and fifos. Links are not followed. Ids outside the `count` ids
 * from `first` on become `first`. Calls `progress` again and again while it goes on. */
int tree_copy(int from, int to, const char *name, uint32_t first, uint32_t count,
	      void (*progress)(void *data), void *data, struct warden_error *err);

#endif
