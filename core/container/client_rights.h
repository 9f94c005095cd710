/* SPDX-License-Identifier: Apache-2.0 */
/* Opens files of the host with a client's rights. */
#ifndef CORE_CONTAINER_CLIENT_RIGHTS_H
#define CORE_CONTAINER_CLIENT_RIGHTS_H

#include <sys/types.h>

/* Gives the calling thread, alone, the client's file system ids, and takes the capabilities that
 * override permissions from it, unless the daemon is not root or the client is. -1 and errno: they
 * are as before. See setfsuid(2). */
int client_rights_take(uid_t uid, gid_t gid);

/* Gives the thread the daemon's rights again; keeps errno. */
void client_rights_drop(void);

#endif
