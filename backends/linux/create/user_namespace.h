/* SPDX-License-Identifier: Apache-2.0 */
/* User namespaces and their maps, and the ids with which the set-up child accesses files. */
#ifndef BACKENDS_LINUX_CREATE_USER_NAMESPACE_H
#define BACKENDS_LINUX_CREATE_USER_NAMESPACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "warden/backend.h"

/* Maps ids 0 to count - 1 to those from `first` on. If `one` and `other` (0 to count - 1) differ,
 * these two are swapped. */
struct user_map {
	uint32_t first, count;
	uint32_t one, other;
};

/* Sets the ids with which files are made and permissions are checked (fsuid, fsgid); with
 * `all_capabilities`, permissions are not checked. */
int user_act_as(uid_t uid, gid_t gid, bool all_capabilities, struct warden_error *err);

/* Drops CAP_SYS_RESOURCE, which exceeds disk quotas, from the effective set (`obey`), or restores
 * it. */
int user_obey_quota(bool obey, struct warden_error *err);

/* Changes to the given id for good and keeps all capabilities: kernel objects are then charged to
 * that id. */
int user_become(uid_t id, struct warden_error *err);

/* Writes the maps of a process in a new user namespace. */
int user_write_maps(pid_t pid, const struct user_map *uids, const struct user_map *gids,
		    struct warden_error *err);

/* Reads from a process's uid map the host id of its root; if that fails `*base` is unchanged. */
void user_read_base(pid_t pid, uint32_t *base);

/* Returns a descriptor of the user namespace of a process, or -1. */
int user_open_namespace(pid_t pid, struct warden_error *err);

/* Returns a descriptor of a new user namespace with these maps and no process, to map a mount with;
 * or -1. */
int user_namespace_for_mount(const struct user_map *uids, const struct user_map *gids,
			     struct warden_error *err);

#endif
