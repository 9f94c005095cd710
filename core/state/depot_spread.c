/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See depot_spread.h. Without a journal ext4 does not use an inode again within seconds of its
 * removal, and finds a free one past those by a walk (find_inode_bit in the kernel's
 * fs/ext4/ialloc.c). Many short-lived containers in one block group would spend half of their
 * creation on it. With a journal there is no such walk, and neighbours share what is written.
 */
#include <config.h>

#include "core/state/depot_spread.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/cleanup.h"

/* Whether the ext4 of this device says that it has no journal. */
static bool depot_spread_has_no_journal(dev_t device)
{
	static const char none[] = "<none>";
	char link[64], target[PATH_MAX], path[PATH_MAX], text[sizeof(none)] = "";
	_cleanup_close_ int fd = -1;
	const char *name;
	ssize_t length;

	snprintf(link, sizeof(link), "/sys/dev/block/%u:%u", major(device), minor(device));
	length = readlink(link, target, sizeof(target) - 1);
	if (length < 0)
		return false;
	target[length] = '\0';
	name = strrchr(target, '/');
	snprintf(path, sizeof(path), "/sys/fs/ext4/%.255s/journal_task", name ? name + 1 : target);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		return false;
	return strcmp(text, none) == 0;
}

void depot_spread(int directory_fd)
{
	struct statfs system;
	struct stat status;
	int flags;

	if (fstatfs(directory_fd, &system) < 0 || system.f_type != EXT4_SUPER_MAGIC ||
	    fstat(directory_fd, &status) < 0 || !depot_spread_has_no_journal(status.st_dev) ||
	    ioctl(directory_fd, FS_IOC_GETFLAGS, &flags) < 0 || (flags & FS_TOPDIR_FL))
		return;
	flags |= FS_TOPDIR_FL;
	(void)ioctl(directory_fd, FS_IOC_SETFLAGS, &flags); /* a hint; EPERM: another's directory */
}
