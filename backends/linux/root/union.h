/* SPDX-License-Identifier: Apache-2.0 */
/* How a container's writable layer comes over the layers that it only reads: by overlay; by aufs
 * where the kernel has that and containers have no user namespace (it cannot be mapped); else by
 * copies of the folders in which programs write (etc, home, root, run, sbin, tmp, var), which are
 * mounted over those of a read-only root. Option `union` of group linux names one; "auto" takes the
 * first that works here. */
#ifndef BACKENDS_LINUX_ROOT_UNION_H
#define BACKENDS_LINUX_ROOT_UNION_H

#include "backends/linux/create/setup.h"

/* In the order in which they are tried; linux_backend says which one is used. */
enum union_kind { UNION_OVERLAY, UNION_AUFS, UNION_BIND, UNION_KINDS };

#define UNION_OPTION                                                                               \
	{                                                                                          \
		.name = "union", .type = WARDEN_OPTION_STRING, .text = "auto",                     \
		.meaning = "how a container's root is made of its layers: \"overlay\", \"aufs\", " \
			   "\"bind\", or \"auto\", the first of them that works",                  \
	}

const char *union_name(enum union_kind kind);

/* Finds the one to use, by trying: in a process that has a mount namespace of its own, from which
 * nothing spreads. Fails where the one that the option names does not work. */
int union_find(const struct warden_host *host, enum union_kind *kind, struct warden_error *err);

/* Makes the container's root of the layers, which are attached in the working directory, and fills
 * in setup->root_fd. */
int union_attach(struct setup *setup, struct warden_error *err);

/* Where layer number `i` is attached in the working directory when there are several; the only one
 * is attached at `rootfs`. */
struct union_layer_name {
	char text[24];
};
struct union_layer_name union_layer_name(size_t i);

#endif
