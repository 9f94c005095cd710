/* SPDX-License-Identifier: Apache-2.0 */
/* See client_rights.h. */
#include <config.h>

#include "core/container/client_rights.h"

#include <errno.h>
#include <sys/fsuid.h>
#include <unistd.h>

static void client_rights_set(uid_t uid, gid_t gid)
{
	setfsgid(gid);
	setfsuid(uid);
}

int client_rights_take(uid_t uid, gid_t gid)
{
	if (geteuid() != 0)
		return 0;
	client_rights_set(uid, gid);
	/* They do not report a failure; an invalid id only asks. */
	if (setfsuid((uid_t)-1) == (int)uid && setfsgid((gid_t)-1) == (int)gid)
		return 0;
	client_rights_drop();
	errno = EPERM;
	return -1;
}

void client_rights_drop(void)
{
	int number = errno;

	if (geteuid() == 0)
		client_rights_set(0, getegid());
	errno = number;
}
