/* SPDX-License-Identifier: Apache-2.0 */
/* Forks by clone3(2) itself; see fork.h. */
#include "lib/fork.h"

#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

pid_t fork_with(uint64_t flags, int exit_signal, int cgroup_fd)
{
	struct clone_args args = {
		.flags = flags,
		.exit_signal = (uint64_t)exit_signal,
	};

	if (cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup_fd;
	}
	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

pid_t fork_plainly(void)
{
	return fork_with(0, SIGCHLD, -1);
}
