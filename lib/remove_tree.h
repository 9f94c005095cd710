/* SPDX-License-Identifier: Apache-2.0 */
/* Removes trees that strangers have filled. */
#ifndef LIB_REMOVE_TREE_H
#define LIB_REMOVE_TREE_H

#include "warden/error.h"

/* Removes the directory `name` below `parent_fd` with everything in it; one that does not exist is
 * fine, one that is a path is refused. No symlink is followed and no mount entered.
 * Goes on after a failure and reports the first. -1 and `err`. Any thread. */
int remove_tree(int parent_fd, const char *name, struct warden_error *err);

#endif
