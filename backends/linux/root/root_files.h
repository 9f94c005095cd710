/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are written into a container's root before anything runs there. The rootfs is hostile:
 * whatever lies under a name is replaced, no link leads out of the root. */
#ifndef BACKENDS_LINUX_ROOT_ROOT_FILES_H
#define BACKENDS_LINUX_ROOT_ROOT_FILES_H

#include <stddef.h>

#include "backends/linux/create/setup.h"

/* A text of a file, or of none: NULL. */
struct text {
	char *bytes;
	size_t length;
};

/* Reads a regular file below `directory`, as if that were the root directory; 1 MiB at most. No
 * such file: `text->bytes` is NULL. `of` names the directory in errors. The caller frees it. */
int root_files_read(int directory, const char *of, const char *path, struct text *text,
		    struct warden_error *err);

/* A directory below the container's root, made when it is absent and its parent is there. */
int root_files_directory(const struct setup *setup, const char *path, struct warden_error *err);

/* Puts a new file in the place of whatever bears that name in /etc. */
int root_files_replace(const struct setup *setup, const char *name, const char *bytes,
		       size_t length, struct warden_error *err);

/* /etc/hostname, hosts and resolv.conf. */
int root_files_write(struct setup *setup, struct warden_error *err);

#endif
