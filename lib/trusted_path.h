/* SPDX-License-Identifier: Apache-2.0 */
/* Opens a path of the host whose directories other users, or containers, may change. Such a user
 * could replace a part by a link to what it may not read itself, so a link is followed only where
 * nobody else can have made it. */
#ifndef LIB_TRUSTED_PATH_H
#define LIB_TRUSTED_PATH_H

#include <sys/types.h>

#include "warden/error.h"

/* Who is trusted besides root: a link must belong to root or `link_owner`, and its directory to
 * root or `directory_owner`; others may write in the directory only if it is sticky. A container
 * acts with the uid of a client in directories that it shares with that client. */
struct trusted_owners {
	uid_t link_owner, directory_owner;
};

/* Opens a path (O_PATH; with `flags` O_DIRECTORY only a directory), one component at a
 * time, each once. Returns a descriptor, or -1 with errno; if a link was not followed that is ELOOP
 * and `refusal` says which and why, else `refusal->message` is empty. */
int trusted_path_open(const char *path, int flags, const struct trusted_owners *owners,
		      struct warden_error *refusal);

#endif
