/* SPDX-License-Identifier: Apache-2.0 */
/* Identities: user namespaces, their maps, and as whom the set-up child acts on files. */
#ifndef BACKENDS_LINUX_CREATE_USER_NAMESPACE_H
#define BACKENDS_LINUX_CREATE_USER_NAMESPACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "warden/backend.h"

/* A map of `count` ids that start at 0 on to those from `first` on; two of them, `one` and `other`
 * (numbers from 0 to count - 1), swapped where they differ. */
struct user_map {
	uint32_t first, count;
	uint32_t one, other;
};

/* From now on files are made as, and permissions decided for, these ids; with `all_capabilities`,
 * permissions do not count. */
int user_act_as(uid_t uid, gid_t gid, bool all_capabilities, struct warden_error *err);

/* Gives up for a while, or takes again, what makes a process exceed disk quotas. */
int user_obey_quota(bool obey, struct warden_error *err);

/* Becomes the given id for good, keeping all capabilities: what is made then is charged to it. */
int user_become(uid_t id, struct warden_error *err);

/* Writes the maps of a process that is alone in a new user namespace. */
int user_write_maps(pid_t pid, const struct user_map *uids, const struct user_map *gids,
		    struct warden_error *err);

/* The id that a process's root is for us, as its map tells; left alone where that cannot be read.
 */
void user_read_base(pid_t pid, uint32_t *base);

/* The user namespace of a process, as a descriptor. */
int user_open_namespace(pid_t pid, struct warden_error *err);

/* A user namespace with these maps and nobody in it, to map a mount with. */
int user_namespace_for_mount(const struct user_map *uids, const struct user_map *gids,
			     struct warden_error *err);

#endif
