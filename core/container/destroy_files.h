/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a destroyed container; see destroy_files.c. Any thread. */
#ifndef CORE_CONTAINER_DESTROY_FILES_H
#define CORE_CONTAINER_DESTROY_FILES_H

#include "core/container/container.h"

/* Moves the directory into the depot's tmp, under the container's id. Returns 1 if it did, 0 if
 * there is no directory any more, or -1 and `err`. */
int destroy_files_move(const struct container *container, struct warden_error *err);

/* Removes `name` from the depot's tmp, its identity last. Returns 0, or -1 and `err`; what is left
 * can be removed by another call. */
int destroy_files_remove(const struct container *container, const char *name,
			 struct warden_error *err);

#endif
