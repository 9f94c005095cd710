/* SPDX-License-Identifier: Apache-2.0 */
/* Looks up users and groups of the host by name or number. */
#ifndef LIB_OWNER_H
#define LIB_OWNER_H

#include <sys/types.h>

#include "warden/error.h"

/* Looks up USER or USER:GROUP, names or numbers of the host. A name may be resolved by a network
 * server, so call it on a worker thread. Without GROUP `*gid` is unchanged. Returns 0, or -1 and
 * `err`. */
int owner_find(const char *text, uid_t *uid, gid_t *gid, struct warden_error *err);

#endif
