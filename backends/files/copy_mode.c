/* SPDX-License-Identifier: Apache-2.0 */
/* Permissions and owners of what a copy makes, always set through a descriptor. */
#include <config.h>

#include "backends/files/copy_private.h"

#include <fcntl.h>
#include <unistd.h>

mode_t copy_mode(const struct copy_state *copy, mode_t mode)
{
	return mode & (copy->request->strip_privileges ? 01777 : 07777);
}

/* fchmod refuses a descriptor that was opened with O_PATH; its name in /proc works. */
int copy_chmod(int fd, mode_t mode)
{
	char path[32];

	if (fchmod(fd, mode) == 0)
		return 0;
	if (errno != EBADF)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return chmod(path, mode);
}

int copy_set_owner(const struct copy_state *copy, int fd)
{
	const struct copy_identity *owner = &copy->request->owner;

	if (!owner->set)
		return 0;
	return fchownat(fd, "", owner->uid, owner->gid, AT_EMPTY_PATH);
}
