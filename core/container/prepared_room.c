/* SPDX-License-Identifier: Apache-2.0 */
/* See prepared_room.h. */
#include <config.h>

#include "core/container/prepared_room.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/container/prepared.h"
#include "core/descriptors.h"
#include "core/server.h"
#include "lib/cleanup.h"

enum {
	MEMORY_PART = 16, /* they go when less than 1/MEMORY_PART is available */
	AMPLE_PART = 8,   /* and are made only while 1/AMPLE_PART is */
	AMPLE_DESCRIPTORS = 4 * DESCRIPTORS_CONTAINER,
};

/* How many descriptors will be free when all that leave, and the one that is made, are gone. */
static unsigned prepared_room_lent(const struct server *server)
{
	return DESCRIPTORS_PREPARED * (server->prepared.leaving + server->prepared.making);
}

/* Lets prepared containers go until so many descriptors are, or will be, free. */
static void prepared_room_make(struct server *server, uid_t uid, unsigned needed)
{
	struct warden_error err;

	while (server->prepared.n > 0 &&
	       descriptors_check(needed, prepared_room_lent(server), &err) < 0)
		if (!prepared_give_way(server, uid))
			return;
}

/* They go before the work lacks anything, since it does not wait until they are gone. */
int prepared_room_check(struct server *server, uid_t uid, unsigned needed, struct warden_error *err)
{
	prepared_room_make(server, uid, needed + DESCRIPTORS_CONTAINER);
	return descriptors_check(needed, prepared_room_lent(server), err);
}

/* A client is refused later than they go: when half of the reserve is used. */
int prepared_room_check_client(struct server *server, uid_t uid, struct warden_error *err)
{
	prepared_room_make(server, uid, DESCRIPTORS_CONNECTION);
	return descriptors_check_client(prepared_room_lent(server), err);
}

/* Whether the kernel says that less than 1/`part` of the memory is available. */
static bool prepared_room_lacks_memory(unsigned part)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/meminfo", "re");
	uint64_t total = 0, available = UINT64_MAX;
	char line[128];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemTotal: %" SCNu64, &total) == 0 &&
		    sscanf(line, "MemAvailable: %" SCNu64, &available) == 1)
			break;
	return available < total / part;
}

bool prepared_room_is_scarce(void)
{
	struct warden_error err;

	return descriptors_check(DESCRIPTORS_JOB + DESCRIPTORS_CONTAINER, 0, &err) < 0 ||
	       prepared_room_lacks_memory(MEMORY_PART);
}

bool prepared_room_is_ample(unsigned part)
{
	struct warden_error err;

	/* More than makes them go, or each would be removed as soon as it is made. */
	return descriptors_have_part(part) && descriptors_check(AMPLE_DESCRIPTORS, 0, &err) == 0 &&
	       !prepared_room_lacks_memory(AMPLE_PART);
}
