/* SPDX-License-Identifier: Apache-2.0 */
/* Joins a container's writable layer with its read-only layers: by overlay; by aufs if the kernel
 * has it and containers have no user namespace (it cannot be mapped); else by copies of the
 * directories in which programs write (etc, home, root, run, sbin, tmp, var), mounted over those of
 * a read-only root. Option `union` of group linux names one; "auto" takes the first that works. */
#ifndef BACKENDS_LINUX_ROOT_UNION_H
#define BACKENDS_LINUX_ROOT_UNION_H

#include "backends/linux/create/setup.h"

/* In the order of the probe; linux_backend.union_kind is the one in use. */
enum union_kind { UNION_OVERLAY, UNION_AUFS, UNION_BIND, UNION_KINDS };

/* In a container's directory. On the host agents find what the container has written in the upper
 * directory, unless that is on a tmpfs; a directory `rootfs` would mislead them. */
#define UNION_MOUNT "mnt" /* the root, and below it a single layer */
#define UNION_TMP   "tmp" /* of the host or a tmpfs of the container */
#define UNION_UPPER UNION_TMP "/rootfs"
#define UNION_WORK  UNION_TMP "/work"

#define UNION_OPTION                                                                               \
	{                                                                                          \
		.name = "union", .type = WARDEN_OPTION_STRING, .text = "auto",                     \
		.meaning = "how a container's root is made of its layers: \"overlay\", \"aufs\", " \
			   "\"bind\", or \"auto\", the first of them that works",                  \
	}

const char *union_name(enum union_kind kind);

/* Finds the kind to use by a trial mount. The caller has its own private mount namespace. Fails if
 * the kind that the option names does not work. */
int union_find(const struct warden_host *host, enum union_kind *kind, struct warden_error *err);

/* Joins the layers that are attached in the working directory into the container's root and sets
 * setup->root_fd. */
int union_attach(struct setup *setup, struct warden_error *err);

/* The directory in which layer `i` is attached, relative to the working directory, if there are
 * several; a single layer is attached at UNION_MOUNT. */
struct union_layer_name {
	char text[24];
};
struct union_layer_name union_layer_name(size_t i);

#endif
