/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts as descriptors: made or copied, given attributes, and only then attached. Errors contain
 * the kernel's message. Also opens paths that cannot lead out of a directory. */
#ifndef BACKENDS_LINUX_ROOT_MOUNT_API_H
#define BACKENDS_LINUX_ROOT_MOUNT_API_H

#include <linux/openat2.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/types.h>

#include "warden/backend.h"

struct mount_option {
	const char *key;
	const char *value; /* NULL: a flag */
};

/* Makes a file system with MOUNT_ATTR_* attributes, not attached. `options` end with a NULL key.
 * Returns its descriptor, or -1 and `err`. */
int mount_make(const char *type, const struct mount_option *options, uint64_t attributes,
	       struct warden_error *err);

/* Copies the mount at `path` below `directory`, with that as its root, not attached; an empty path
 * is the directory itself. Returns its descriptor, or -1 and errno. */
int mount_clone(int directory, const char *path, bool recursive);

/* Sets attributes, with `recursive` of all mounts below too. `user_fd` is the user namespace to map
 * ids with, or -1. Returns 0, or -1 and errno with nothing changed. */
int mount_set(int mount, uint64_t attributes, int user_fd, bool recursive);

/* Attaches a mount over the file or directory `target`. Returns 0, or -1 and errno. */
int mount_attach(int mount, int target);

/* openat2(2) with RESOLVE_* flags. Returns a descriptor, or -1 and errno. */
int mount_open_below(int directory, const char *path, int flags, mode_t mode, uint64_t resolve);

/* Opens the directory `path`, one name, in `directory`; makes it if absent, in place of a link or a
 * file too. Returns a descriptor, or -1 and errno. */
int mount_open_directory(int directory, const char *path, mode_t mode);

#endif
