/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts as descriptors: made or copied, given attributes, and only then attached; with errors that
 * say what the kernel said. And paths below a directory that nothing leads out of. */
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

/* A file system that is attached nowhere, with MOUNT_ATTR_* attributes. `options` end with a NULL
 * key. Returns its descriptor, or -1. */
int mount_make(const char *type, const struct mount_option *options, uint64_t attributes,
	       struct warden_error *err);

/* A copy of the mount that `path` below `directory` lies in, from there on, attached nowhere; empty
 * path: the directory itself. -1 and errno where it cannot be. */
int mount_clone(int directory, const char *path, bool recursive);

/* Sets attributes, of all mounts below too where `recursive`; `user_fd`: the user namespace to map
 * ids with, or -1. 0, or -1 and errno; then nothing is changed. */
int mount_set(int mount, uint64_t attributes, int user_fd, bool recursive);

/* Attaches a mount over `target`, a descriptor of what it hides. 0, or -1 and errno. */
int mount_attach(int mount, int target);

/* openat2(2): `resolve` are its RESOLVE_* flags. A descriptor, or -1 and errno. */
int mount_open_below(int directory, const char *path, int flags, mode_t mode, uint64_t resolve);

/* A directory below `directory` for which no link at all is followed, made when it is absent. */
int mount_open_directory(int directory, const char *path, mode_t mode);

#endif
