/* SPDX-License-Identifier: Apache-2.0 */
/* Looks up users and groups; see owner.h. */
#include "lib/owner.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "lib/cleanup.h"

enum { LOOKUP_ROOM = 65536 };

/* Parses an id. (uid_t)-1 is not an id. */
static bool owner_parse_id(const char *text, uint32_t *id)
{
	unsigned long long number;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno != 0 || *end != '\0' || number >= UINT32_MAX)
		return false;
	*id = (uint32_t)number;
	return true;
}

static bool owner_find_user(const char *name, uid_t *uid, char *room)
{
	struct passwd entry, *found = NULL;

	if (getpwnam_r(name, &entry, room, LOOKUP_ROOM, &found) != 0 || !found)
		return owner_parse_id(name, uid);
	*uid = found->pw_uid;
	return true;
}

static bool owner_find_group(const char *name, gid_t *gid, char *room)
{
	struct group entry, *found = NULL;

	if (getgrnam_r(name, &entry, room, LOOKUP_ROOM, &found) != 0 || !found)
		return owner_parse_id(name, gid);
	*gid = found->gr_gid;
	return true;
}

int owner_find(const char *text, uid_t *uid, gid_t *gid, struct warden_error *err)
{
	_cleanup_free_ char *room = malloc(LOOKUP_ROOM), *user = strdup(text);
	char *group;

	if (!room || !user)
		return warden_error_set(err, "no memory to look up owner %s", text);
	group = strchr(user, ':');
	if (group)
		*group++ = '\0';
	if (!owner_find_user(user, uid, room))
		return warden_error_set(err, "unknown owner %s: there is no user %s", text, user);
	if (group && !owner_find_group(group, gid, room))
		return warden_error_set(err, "unknown owner %s: there is no group %s", text, group);
	return 0;
}
