/* SPDX-License-Identifier: Apache-2.0 */
/* Starts a job in its keeper; see keeper_launch.h. */
#include "wshd/keeper/keeper_launch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "wshd/keeper/job_process.h"

/* Closes, above all, copies of connections and of pipes of other jobs: they would stay open as long
 * as the keeper lives. */
bool keeper_launch_prepare(const struct wshd *wshd, const struct keeper_start *start, int socket)
{
	int fds[KEEPER_FDS] = {
		start->streams[0], start->streams[1], start->streams[2], socket,
		wshd->proc_fd,     start->connection, start->command,
	};

	for (int i = KEEPER_CPU; i < KEEPER_FDS; i++)
		fds[i] = start->cgroup ? start->cgroup[i - KEEPER_CPU] : -1;
	for (int i = 0; i < KEEPER_FDS; i++) {
		/* An unused number gets a copy of proc_fd, so that it is not free. */
		int fd = fds[i] >= 0 ? fds[i] : wshd->proc_fd;

		fds[i] = fcntl(fd, F_DUPFD_CLOEXEC, KEEPER_FDS);
		if (fds[i] < 0)
			return false;
	}
	for (int i = 0; i < KEEPER_FDS; i++)
		if (dup3(fds[i], i, i < KEEPER_STREAMS ? 0 : O_CLOEXEC) < 0)
			return false;
	return syscall(SYS_close_range, KEEPER_FDS, ~0U, 0) == 0;
}

/* The size of the requested terminal, or NULL if none is requested. */
static const struct wshd_window *keeper_launch_window(const struct keeper_start *start)
{
	if (start->spawn)
		return start->spawn->flags & WSHD_ON_TERMINAL ? &start->spawn->window : NULL;
	return start->shell->flags & WSHD_SHELL_TERMINAL ? &start->shell->window : NULL;
}

/* Forks into the job's own cgroup on v2; on v1 the first process enters its cgroups itself. */
static pid_t keeper_launch_fork(const struct keeper_start *start)
{
	struct clone_args args = {
		.flags = CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.cgroup = KEEPER_GROUP,
	};

	if (!start->cgroup || start->cgroup[KEEPER_GROUP - KEEPER_CPU] < 0)
		return fork();
	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

const char *keeper_launch(const struct wshd *wshd, const struct keeper_start *start,
			  struct keeper_launched *launched)
{
	const struct wshd_window *window = keeper_launch_window(start);
	int errors[2];

	*launched = (struct keeper_launched){.error_fd = -1, .terminal = {-1, -1}};
	if (pipe2(errors, O_CLOEXEC | O_NONBLOCK) < 0)
		return "make a pipe";
	launched->error_fd = errors[0];
	if (window && !pty_open(&launched->terminal, window))
		return "make a terminal";
	launched->first = keeper_launch_fork(start);
	if (launched->first == 0)
		job_process_run(wshd, start, &launched->terminal, errors[1]);
	close(errors[1]);
	if (launched->first > 0)
		return NULL;
	launched->first = 0;
	return "fork";
}
