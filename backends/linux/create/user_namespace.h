/* SPDX-License-Identifier: Apache-2.0 */
/* User namespaces, their id maps, and the identity with which the set-up child accesses files. */
#ifndef BACKENDS_LINUX_CREATE_USER_NAMESPACE_H
#define BACKENDS_LINUX_CREATE_USER_NAMESPACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "warden/backend.h"

/* Maps the ids 0 to count - 1 to the ids from `first` on. The two ids `one` and `other` (0 to count
 * - 1) are swapped; equal ones mean no swap. */
struct user_map {
	uint32_t first, count;
	uint32_t one, other;
};

/* Sets the ids with which files are made and permissions are checked. With `all_capabilities`
 * permission checks are bypassed. */
int user_act_as(uid_t uid, gid_t gid, bool all_capabilities, struct warden_error *err);

/* Drops, or restores, the effective capability that lets the process exceed disk quotas
 * (CAP_SYS_RESOURCE). */
int user_obey_quota(bool obey, struct warden_error *err);

/* Forks as fork_with does, into a new user namespace as well. `owner` owns that, and the kernel
 * charges to it what is made in the namespaces: inotify instances, message queues. The child has
 * its ids and, in the new namespace, all capabilities. */
pid_t user_fork(uid_t owner, uint64_t namespaces, int cgroup_fd, struct warden_error *err);

/* Writes the id maps of a process that is alone in a new user namespace. */
int user_write_maps(pid_t pid, const struct user_map *uids, const struct user_map *gids,
		    struct warden_error *err);

/* Sets `*base` to the id that root of the process's user namespace is mapped to. If the map cannot
 * be read `*base` stays unchanged.
 */
void user_read_base(pid_t pid, uint32_t *base);

/* Opens the user namespace of a process. Returns a descriptor that the caller closes, or -1. */
int user_open_namespace(pid_t pid, struct warden_error *err);

/* Makes a user namespace with these id maps and without processes, for id-mapped mounts. Returns a
 * descriptor that the caller closes, or -1. */
int user_namespace_for_mount(const struct user_map *uids, const struct user_map *gids,
			     struct warden_error *err);

#endif
