/* SPDX-License-Identifier: Apache-2.0 */
/* The start of a job in its keeper; see keeper_launch.h. */
#include "wshd/keeper/keeper_launch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "wshd/keeper/job_process.h"

/* Above all the connections and the pipes of other jobs are closed, which would stay open with it.
 */
bool keeper_launch_prepare(const struct wshd *wshd, const struct keeper_start *start, int socket)
{
	int fds[KEEPER_FDS] = {
		start->streams[0], start->streams[1], start->streams[2], socket,
		wshd->proc_fd,     start->connection, start->command,
	};

	for (int i = KEEPER_CPU; i < KEEPER_FDS; i++)
		fds[i] = start->cgroup ? start->cgroup[i - KEEPER_CPU] : -1;
	for (int i = 0; i < KEEPER_FDS; i++) {
		/* A number that must not stay free gets something harmless. */
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

/* The size of the terminal that is asked for, or NULL. */
static const struct wshd_window *window_of(const struct keeper_start *start)
{
	if (start->spawn)
		return start->spawn->flags & WSHD_ON_TERMINAL ? &start->spawn->window : NULL;
	return start->shell->flags & WSHD_SHELL_TERMINAL ? &start->shell->window : NULL;
}

/* Born in the job's own group on v2; on v1 the first process goes to its groups itself. */
static pid_t fork_into_group(const struct keeper_start *start)
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
			  struct launched *launched)
{
	const struct wshd_window *window = window_of(start);
	int errors[2];

	*launched = (struct launched){.error_fd = -1, .terminal = {-1, -1}};
	if (pipe2(errors, O_CLOEXEC | O_NONBLOCK) < 0)
		return "make a pipe";
	launched->error_fd = errors[0];
	if (window && !pty_open(&launched->terminal, window))
		return "make a terminal";
	launched->first = fork_into_group(start);
	if (launched->first == 0)
		job_process_run(wshd, start, &launched->terminal, errors[1]);
	close(errors[1]);
	if (launched->first > 0)
		return NULL;
	launched->first = 0;
	return "fork";
}
