/* SPDX-License-Identifier: Apache-2.0 */
/* See depot_lock.h. Two daemons in one depot would each remove the other's containers as dead. */
#include <config.h>

#include "core/state/depot_lock.h"

#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "lib/cleanup.h"

enum { LOCK_TRIES = 100, LOCK_WAIT_MS = 10 };

/* The process that holds the lock, from /proc/locks; 0 if it is not there (another pid namespace).
 */
static pid_t depot_lock_holder(int fd)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/locks", "re");
	unsigned major, minor;
	unsigned long inode;
	struct stat status;
	char line[256];
	pid_t pid;

	if (!file || fstat(fd, &status) < 0)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%*s FLOCK %*s %*s %d %x:%x:%lu", &pid, &major, &minor, &inode) ==
			    4 &&
		    inode == status.st_ino && makedev(major, minor) == status.st_dev && pid > 0)
			return pid;
	return 0;
}

int depot_lock(int fd, const char *path, struct warden_error *err)
{
	const struct timespec pause = {.tv_nsec = LOCK_WAIT_MS * 1000000L};
	pid_t holder;

	/* A daemon that was just killed may hold the lock for a moment. */
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return warden_error_errno(err, "lock %s", path);
		nanosleep(&pause, NULL); /* a signal shortens it: the next attempt is earlier */
	}
	holder = depot_lock_holder(fd);
	if (holder > 0)
		return warden_error_set(err, "another wardend uses the depot %s: process %d", path,
					holder);
	return warden_error_set(err, "another wardend uses the depot %s", path);
}
