/* SPDX-License-Identifier: Apache-2.0 */
/* Who may talk to the daemon: what the settings allow to the process at a connection's other end.
 * doc/warden.conf.5, group clients, has the rules. */
#ifndef CORE_WIRE_ACCESS_H
#define CORE_WIRE_ACCESS_H

#include <sys/types.h>

#include "core/config/config.h"

/* What a client may do, and what a request needs; each includes those before it. */
enum access_class {
	ACCESS_NONE, /* no request needs this: see test_access.c */
	ACCESS_READ, /* lists and figures, without an effect on any container */
	ACCESS_FULL,
};

/* The process at the other end, as it was when it connected. */
struct access_peer {
	uid_t uid; /* -1: unknown */
	gid_t gid;
	pid_t pid;
	gid_t *groups; /* supplementary ones */
	size_t n_groups;
};

/* Reads the peer of a connected socket; the groups only if `with_groups`. What cannot be read
 * remains unknown, which gives no access. The caller frees `groups`. */
void access_read_peer(int fd, bool with_groups, struct access_peer *peer);

/* The class of a peer; with ACCESS_NONE `err` says which setting lets it in. */
enum access_class access_class_of(const struct config *config, const struct access_peer *peer,
				  struct warden_error *err);

/* Whether the settings name groups, so that the peer's are needed. */
bool access_needs_groups(const struct config *config);

#endif
