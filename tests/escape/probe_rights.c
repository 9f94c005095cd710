/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shows which rights its own file gives, and leaves such files: `status` prints /proc/self/status,
 * `capable FILE` gives a file cap_net_raw, `attribute FILE NAME` sets an extended attribute,
 * `become UID` becomes a user, `capabilities FILE PERMITTED INHERITABLE EFFECTIVE` gives a file
 * any, `flags FILE FLAGS` adds flags of chattr(1). Prints `ok` or the name of the error.
 * Static, so that it runs in any rootfs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tests/linux/attempts.h"

static int probe_status(char **arg)
{
	char text[8192];
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof(text));

	(void)arg;
	return length < 0 || write(STDOUT_FILENO, text, (size_t)length) < 0 ? -1 : ATTEMPT_TOLD;
}

static int probe_capable(char **arg)
{
	const struct vfs_cap_data value = {
		.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
		.data = {{.permitted = 1U << CAP_NET_RAW}},
	};

	return setxattr(arg[0], "security.capability", &value, sizeof(value), 0);
}

/* capabilities FILE PERMITTED INHERITABLE EFFECTIVE */
static int probe_capabilities(char **arg)
{
	unsigned long permitted = strtoul(arg[1], NULL, 0), inheritable = strtoul(arg[2], NULL, 0);
	const struct vfs_cap_data value = {
		.magic_etc = VFS_CAP_REVISION_2 | (atoi(arg[3]) ? VFS_CAP_FLAGS_EFFECTIVE : 0),
		.data = {{(uint32_t)permitted, (uint32_t)inheritable},
			 {(uint32_t)(permitted >> 32), (uint32_t)(inheritable >> 32)}},
	};

	return setxattr(arg[0], "security.capability", &value, sizeof(value), 0);
}

/* flags FILE FLAGS: adds flags */
static int probe_flags(char **arg)
{
	int fd = open(arg[0], O_RDONLY | O_NONBLOCK | O_CLOEXEC), flags;

	if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		return -1;
	flags |= (int)strtol(arg[1], NULL, 0);
	return ioctl(fd, FS_IOC_SETFLAGS, &flags);
}

static int probe_attribute(char **arg)
{
	return setxattr(arg[0], arg[1], "y", 1, 0);
}

static int probe_become(char **arg)
{
	uid_t uid = (uid_t)strtoul(arg[0], NULL, 10);

	return setresuid(uid, uid, uid);
}

static const struct attempt_kind attempts[] = {
	{"status", 0, probe_status},
	{"capable", 1, probe_capable},
	{"attribute", 2, probe_attribute},
	{"become", 1, probe_become},
	{"capabilities", 4, probe_capabilities},
	{"flags", 2, probe_flags},
};

int main(int argc, char **argv)
{
	return attempts_run(attempts, sizeof(attempts) / sizeof(*attempts), argc, argv);
}
