/* SPDX-License-Identifier: Apache-2.0 */
/* Users and groups of the host, by name or number. */
#ifndef LIB_OWNER_H
#define LIB_OWNER_H

#include <sys/types.h>

#include "warden/error.h"

/* `text` is USER or USER:GROUP, names or numbers of the host. Names may come from a server of the
 * network: call it on a thread that may wait. Without GROUP `*gid` stays as it is. */
int owner_find(const char *text, uid_t *uid, gid_t *gid, struct warden_error *err);

#endif
