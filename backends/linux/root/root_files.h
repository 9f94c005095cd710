/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are written into a container's root before a process runs there. The rootfs is
 * hostile: existing entries are replaced, and links cannot lead out of the root. */
#ifndef BACKENDS_LINUX_ROOT_ROOT_FILES_H
#define BACKENDS_LINUX_ROOT_ROOT_FILES_H

#include <stddef.h>

#include "backends/linux/create/setup.h"

/* The content of a file; `bytes` is NULL if there is no file. */
struct text {
	char *bytes;
	size_t length;
};

/* Reads a regular file of at most 64 MiB, resolved as if `directory` were the root. If it does not
 * exist `text->bytes` is NULL. `of` names the directory in errors. The caller frees `text->bytes`.
 * */
int root_files_read(int directory, const char *of, const char *path, struct text *text,
		    struct warden_error *err);

/* Opens a directory below the container's root; makes it if it is absent, where links lead inside
 * of the root too. Returns a descriptor, or -1. */
int root_files_directory(const struct setup *setup, const char *path, struct warden_error *err);

/* Replaces the entry `name` in /etc by a new file. */
int root_files_replace(const struct setup *setup, const char *name, const char *bytes,
		       size_t length, struct warden_error *err);

/* Makes the working directory of the image's jobs if it is absent. Never fails. */
int root_files_make_working_dir(struct setup *setup, struct warden_error *err);

/* Writes /etc/hostname, /etc/hosts and /etc/resolv.conf. */
int root_files_write(struct setup *setup, struct warden_error *err);

/* Writes those of them anew that another host name, other hosts (`names`) or other name servers
 * change. */
int root_files_update(struct setup *setup, bool names, struct warden_error *err);

#endif
