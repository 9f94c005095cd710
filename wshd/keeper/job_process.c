/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A job's first process from fork to exec; see job_process.h. It is a copy of wshd, so it closes
 * the descriptors of wshd before it reads files that the container controls (passwd, links).
 */
#include "wshd/keeper/job_process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/start_status.h"
#include "proto/packet.h"
#include "wshd/keeper/cpu_list.h"
#include "wshd/keeper/job_command.h"
#include "wshd/keeper/job_program.h"
#include "wshd/keeper/rlimits.h"

/* Descriptors of the child that exec closes. */
enum job_process_fd {
	JOB_ERROR_FD = KEEPER_STREAMS, /* where it writes why it cannot execute the command */
	JOB_TERMINAL_FD,
	JOB_FDS,
};

struct job_process {
	const struct wshd *wshd;
	const struct keeper_start *start;
	struct job_command command;
	struct account account;
	bool has_terminal;
};

/* Writes the error to the keeper; a short text never blocks in an empty pipe. */
static void __attribute__((noreturn)) job_process_fail(const char *what)
{
	dprintf(JOB_ERROR_FD, "%s: %s", what, strerror(errno));
	_exit(255);
}

/* The same for a field of the request, with its value. */
static void __attribute__((noreturn)) job_process_fail_field(const char *field, const char *value)
{
	dprintf(JOB_ERROR_FD, "%s %.128s: %s", field, value, strerror(errno));
	_exit(255);
}

static void job_process_read_command(struct job_process *process)
{
	const struct wshd_spawn *spawn = process->start->spawn;
	const struct wshd_command *wire = spawn ? &spawn->command : &process->start->shell->command;
	bool taken = process->start->command >= 0
			     ? job_command_read(&process->command, KEEPER_COMMAND, wire)
			     : job_command_set_default(&process->command);

	if (!taken)
		job_process_fail("read the command");
}

/* Enters the job's own cgroups on v1, through files that the daemon has opened. A process with one
 * thread that moves itself ("0") does not wait for the kernel's cgroup_threadgroup_rwsem. */
static void job_process_enter_cgroups(const struct keeper_start *start)
{
	const int *tasks = start->cgroup ? start->cgroup + (WSHD_FD_TASKS - WSHD_FD_CPU) : NULL;

	for (int i = 0; tasks && i < WSHD_TASKS; i++)
		if (tasks[i] >= 0 && write(KEEPER_TASKS + i, "0", 1) != 1)
			job_process_fail("enter the job's control group");
}

/* Keeps what it needs of the keeper's descriptors, whose numbers are higher than its own. */
static void job_process_arrange_fds(struct job_process *process, const struct pty *terminal,
				    int error_fd)
{
	if (dup3(error_fd, JOB_ERROR_FD, O_CLOEXEC) < 0)
		_exit(255); /* the error cannot be reported */
	job_process_enter_cgroups(process->start);
	job_process_read_command(process);
	process->has_terminal = terminal->slave >= 0;
	if (process->has_terminal) {
		if (dup3(terminal->slave, JOB_TERMINAL_FD, O_CLOEXEC) < 0 ||
		    !pty_enter(JOB_TERMINAL_FD))
			job_process_fail("enter the terminal");
	} else {
		close(JOB_TERMINAL_FD);
	}
	if (syscall(SYS_close_range, JOB_FDS, ~0U, 0) < 0)
		job_process_fail("close descriptors");
}

static const char *job_process_default_user(const struct wshd_spawn *spawn)
{
	return spawn && !(spawn->flags & WSHD_PRIVILEGED) ? "vcap" : "root";
}

/* Finds the account of the job. A fake container has only the user of wshd; the daemon has checked
 * the user of a job, but not that of a shell. */
static void job_process_find_user(struct job_process *process)
{
	const struct wshd_spawn *spawn = process->start->spawn;
	const char *user = process->command.user;
	char reason[ACCOUNT_REASON];

	if (process->wshd->options.fake) {
		if (!spawn && *user) {
			errno = EPERM;
			job_process_fail("become another user in a fake container");
		}
		return;
	}
	user = *user ? user : job_process_default_user(spawn);
	if (account_find(user, process->wshd->options.uid, &process->account, reason))
		return;
	dprintf(JOB_ERROR_FD, "%s", reason);
	_exit(255);
}

static const char *job_process_user_name(const struct job_process *process)
{
	return *process->command.user ? process->command.user : process->account.name;
}

/* Makes the job's user the owner of its pipes, so that the job can open /dev/stdout. A script on
 * standard input is not a pipe and is not changed. */
static void job_process_chown_pipes(const struct job_process *process)
{
	const struct wshd_spawn *spawn = process->start->spawn;

	if (!spawn || process->has_terminal)
		return;
	for (int fd = packet_spawn_has(spawn, WSHD_FD_STDIN_READ) ? STDIN_FILENO : STDOUT_FILENO;
	     fd <= STDERR_FILENO; fd++)
		if (fchown(fd, process->account.uid, process->account.gid) < 0)
			job_process_fail_field("user", job_process_user_name(process));
}

/* Drops all capabilities of a user but the one that loads the filter, which exec drops. */
static bool job_process_drop_capabilities(bool loads)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct left[_LINUX_CAPABILITY_U32S_3] = {0};

	if (loads)
		left[CAP_TO_INDEX(CAP_SYS_ADMIN)].permitted =
			left[CAP_TO_INDEX(CAP_SYS_ADMIN)].effective = CAP_TO_MASK(CAP_SYS_ADMIN);
	return syscall(SYS_capset, &header, left) == 0;
}

/* By system call, as a C library may do it in all threads. Root keeps the capabilities of the
 * bounding set through exec. */
static void job_process_become_user(const struct job_process *process)
{
	uid_t uid = process->account.uid;
	gid_t gid = process->account.gid;
	bool loads = process->start->filter != NULL;

	if (loads && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0) /* until exec */
		job_process_fail("keep capabilities");
	if (syscall(SYS_setgroups, 0, NULL) < 0)
		job_process_fail("drop groups");
	if (syscall(SYS_setresgid, gid, gid, gid) < 0 || syscall(SYS_setresuid, uid, uid, uid) < 0)
		job_process_fail_field("user", job_process_user_name(process));
	if (uid != 0 && !job_process_drop_capabilities(loads))
		job_process_fail("drop capabilities");
}

/* Whether the working directory is below the root; otherwise getcwd returns "(unreachable)...". */
static bool job_process_is_below_root(void)
{
	char path[4096];

	return syscall(SYS_getcwd, path, sizeof(path)) > 0 && path[0] == '/';
}

/* Changes the working directory with the permissions of the user. A home may be a link or missing.
 * In a fake container paths are relative to the directory of wshd. */
static bool job_process_chdir(const struct job_process *process, const char *directory)
{
	bool fake = process->wshd->options.fake;
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_NO_MAGICLINKS | (fake ? RESOLVE_IN_ROOT : 0),
	};
	int fd = (int)syscall(SYS_openat2, AT_FDCWD, directory, &how, sizeof(how));
	bool there = fd >= 0 && fchdir(fd) == 0;

	if (fd >= 0)
		close(fd);
	if (there && !job_process_is_below_root()) {
		errno = ENOENT;
		return false;
	}
	return there;
}

static void job_process_enter_directory(const struct job_process *process)
{
	const char *directory = process->command.directory;

	if (*directory) {
		if (!job_process_chdir(process, directory))
			job_process_fail_field("working_dir", directory);
	} else if (!process->wshd->options.fake &&
		   !job_process_chdir(process, process->account.home)) {
		if (chdir("/") < 0)
			job_process_fail("change to /");
	}
}

/* Applies the account: owner of the streams, ids, working directory, environment. A fake container
 * has no accounts and only the requested environment. */
static void job_process_apply_account(struct job_process *process)
{
	if (process->wshd->options.fake) {
		job_process_enter_directory(process);
		return;
	}
	if (process->has_terminal && !pty_set_owner(JOB_TERMINAL_FD, process->account.uid))
		job_process_fail("give the terminal to the user");
	job_process_chown_pipes(process);
	job_process_become_user(process);
	job_process_enter_directory(process);
	if (!job_command_add_env(&process->command, &process->account, process->wshd->options.lang))
		job_process_fail("make the environment");
}

/* Applies the requested niceness, cpus, address randomisation and resource limits. */
static void job_process_apply_options(const struct job_process *process)
{
	const struct wshd_spawn *spawn = process->start->spawn;
	int nice = getpriority(PRIO_PROCESS, 0) + spawn->nice; /* the kernel clamps it */
	char text[16];

	if (spawn->nice != 0 && setpriority(PRIO_PROCESS, 0, nice) < 0) {
		snprintf(text, sizeof(text), "%d", spawn->nice);
		job_process_fail_field("nice", text);
	}
	if (*process->command.cpus && !cpu_list_bind(process->command.cpus))
		job_process_fail_field("cpus", process->command.cpus);
	if ((spawn->flags & WSHD_NO_ASLR) && personality(ADDR_NO_RANDOMIZE) < 0)
		job_process_fail("switch address randomisation off");
	rlimits_set(spawn);
}

static void job_process_forbid_new_privileges(const struct job_process *process)
{
	const struct wshd_spawn *spawn = process->start->spawn;

	if (!process->wshd->options.no_new_privs && !(spawn && (spawn->flags & WSHD_NO_NEW_PRIVS)))
		return;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		job_process_fail("set no_new_privs");
}

static void __attribute__((noreturn)) job_process_execute(const struct job_process *process)
{
	const char *name = process->command.args[0];
	char text[190];

	job_command_execute(&process->command, process->start->spawn ? "" : process->account.shell);
	if (name && job_program_explain(&process->command, errno, text, sizeof(text))) {
		dprintf(JOB_ERROR_FD, START_OF_ARGV "%.60s: %s", name, text);
		_exit(255);
	}
	if (name)
		job_process_fail_field("argv", name);
	job_process_fail("execute /bin/bash");
}

void job_process_run(const struct wshd *wshd, const struct keeper_start *start,
		     const struct pty *terminal, int error_fd)
{
	struct job_process process = {.wshd = wshd, .start = start};
	sigset_t none;

	setsid(); /* a child of a keeper leads no group, so it cannot fail */
	job_process_arrange_fds(&process, terminal, error_fd);
	job_process_find_user(&process);
	if (start->spawn)
		job_process_apply_options(&process);
	else
		rlimits_set_shell();
	job_process_apply_account(&process);
	job_process_forbid_new_privileges(&process);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* Last, as all before it may need more than the job may. */
	if (start->filter && !call_filter_load(start->filter))
		job_process_fail("load the filter of system calls");
	job_process_execute(&process);
}
