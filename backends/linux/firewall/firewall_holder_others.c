/* SPDX-License-Identifier: Apache-2.0 */
/* Finds holders that no daemon of this depot can reach; see firewall_holder.h. */
#include <ctype.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>

#include "backends/linux/firewall/firewall_holder.h"
#include "backends/linux/firewall/firewall_holder_private.h"
#include "lib/cleanup.h"

/* Whether the process, as a directory of /proc, is a holder of this user in this network namespace.
 */
static bool firewall_holder_is_other(int dir_fd)
{
	static const char name[] = FIREWALL_HOLDER_NAME "\n";
	_cleanup_close_ int comm_fd = openat(dir_fd, "comm", O_RDONLY | O_CLOEXEC);
	struct stat process, own, other;
	char comm[32];

	return comm_fd >= 0 && read(comm_fd, comm, sizeof(comm)) == (ssize_t)strlen(name) &&
	       memcmp(comm, name, strlen(name)) == 0 && fstat(dir_fd, &process) == 0 &&
	       process.st_uid == geteuid() && fstatat(dir_fd, "ns/net", &other, 0) == 0 &&
	       stat("/proc/thread-self/ns/net", &own) == 0 && own.st_ino == other.st_ino;
}

static bool firewall_holder_kill(pid_t pid, int dir_fd)
{
	_cleanup_close_ int pidfd = pidfd_open(pid, 0);
	struct pollfd end = {.fd = pidfd, .events = POLLIN};

	/* If the directory can still be read the number is still that process's. */
	return pidfd >= 0 && firewall_holder_is_other(dir_fd) &&
	       pidfd_send_signal(pidfd, SIGKILL, NULL, 0) == 0 &&
	       poll(&end, 1, FIREWALL_HOLDER_PATIENCE_S * 1000) == 1;
}

int firewall_holder_end_others(void)
{
	_cleanup_closedir_ DIR *proc = opendir("/proc");
	const struct dirent *entry;
	int n = 0;

	while (proc && (entry = readdir(proc))) {
		_cleanup_close_ int dir_fd = isdigit((unsigned char)entry->d_name[0])
						     ? openat(dirfd(proc), entry->d_name,
							      O_RDONLY | O_DIRECTORY | O_CLOEXEC)
						     : -1;

		if (dir_fd >= 0 && firewall_holder_is_other(dir_fd))
			n += firewall_holder_kill((pid_t)atoi(entry->d_name), dir_fd);
	}
	return n;
}
