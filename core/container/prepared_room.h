/* SPDX-License-Identifier: Apache-2.0 */
/* Prepared containers take descriptors and memory of the host from other work. They are made
 * only while there is plenty, and give way before anything of a client is refused. Loop thread. */
#ifndef CORE_CONTAINER_PREPARED_ROOM_H
#define CORE_CONTAINER_PREPARED_ROOM_H

#include <stdbool.h>
#include <sys/types.h>

#include "warden/error.h"

struct server;

/* As descriptors_check and descriptors_check_client do, but prepared containers are removed if
 * that is enough, of the user's own stocks first. The work may begin before they are gone, with a
 * part of the reserve. */
int prepared_room_check(struct server *server, uid_t uid, unsigned needed,
			struct warden_error *err);
int prepared_room_check_client(struct server *server, uid_t uid, struct warden_error *err);

/* Whether 1/`part` of the descriptors, and some memory, is free. */
bool prepared_room_is_ample(unsigned part);

/* Whether so little of that is free that they should go. */
bool prepared_room_is_scarce(void);

#endif
