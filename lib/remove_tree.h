/* SPDX-License-Identifier: Apache-2.0 */
/* Removes directory trees with untrusted content. */
#ifndef LIB_REMOVE_TREE_H
#define LIB_REMOVE_TREE_H

#include <stdbool.h>

#include "warden/error.h"

/* Removes the directory `name` below `parent_fd` with its content; if it does not exist that is no
 * error, and a name that is a path is refused. Follows no symlink and enters no mount. Continues
 * after a failure and reports the first one. Returns 0, or -1 and `err`. Any thread. */
int remove_tree(int parent_fd, const char *name, struct warden_error *err);

/* The same, but calls `proceed` before each entry, which may sleep. If it returns false the rest of
 * the tree stays and the error is ECANCELED. */
int remove_tree_while(int parent_fd, const char *name, bool (*proceed)(void *data), void *data,
		      struct warden_error *err);

#endif
