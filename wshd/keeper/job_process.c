/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A job's first process, see job_process.h. Until exec it is a copy of wshd, so what it still holds
 * is closed first, and what the container has written (passwd, directories, links) is looked at
 * only then.
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
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proto/packet.h"
#include "wshd/keeper/cpu_list.h"
#include "wshd/keeper/job_command.h"
#include "wshd/keeper/rlimits.h"

/* Where the child keeps what is closed by exec. */
enum first_fd {
	FIRST_ERROR = KEEPER_STREAMS, /* says why it could not start */
	FIRST_TERMINAL,
	FIRST_FDS,
};

struct first {
	const struct wshd *wshd;
	const struct keeper_start *start;
	struct job_command command;
	struct account account;
	bool has_terminal;
};

/* Both fit an empty pipe. */
static void __attribute__((noreturn)) fail(const char *what)
{
	dprintf(FIRST_ERROR, "%s: %s", what, strerror(errno));
	_exit(255);
}

/* A field of the request and its value are at fault. */
static void __attribute__((noreturn)) fail_for(const char *field, const char *value)
{
	dprintf(FIRST_ERROR, "%s %.128s: %s", field, value, strerror(errno));
	_exit(255);
}

static void command_take(struct first *first)
{
	const struct wshd_spawn *spawn = first->start->spawn;
	const struct wshd_command *wire = spawn ? &spawn->command : &first->start->shell->command;
	bool taken = first->start->command >= 0
			     ? job_command_read(&first->command, KEEPER_COMMAND, wire)
			     : job_command_default(&first->command);

	if (!taken)
		fail("read the command");
}

/* Into the job's own groups on v1. One that has a single thread and moves itself ("0") waits for
 * nobody; by the files that the daemon has opened it may. */
static void enter_groups(const struct keeper_start *start)
{
	const int *tasks = start->cgroup ? start->cgroup + (WSHD_FD_TASKS - WSHD_FD_CPU) : NULL;

	for (int i = 0; tasks && i < WSHD_TASKS; i++)
		if (tasks[i] >= 0 && write(KEEPER_TASKS + i, "0", 1) != 1)
			fail("enter the job's control group");
}

/* Keeps what it needs of the keeper's descriptors, whose numbers are higher than its own. */
static void arrange_fds(struct first *first, const struct pty *terminal, int error_fd)
{
	if (dup3(error_fd, FIRST_ERROR, O_CLOEXEC) < 0)
		_exit(255); /* nobody could be told */
	enter_groups(first->start);
	command_take(first);
	first->has_terminal = terminal->slave >= 0;
	if (first->has_terminal) {
		if (dup3(terminal->slave, FIRST_TERMINAL, O_CLOEXEC) < 0 ||
		    !pty_enter(FIRST_TERMINAL))
			fail("enter the terminal");
	} else {
		close(FIRST_TERMINAL);
	}
	if (syscall(SYS_close_range, FIRST_FDS, ~0U, 0) < 0)
		fail("close descriptors");
}

static const char *default_user(const struct wshd_spawn *spawn)
{
	return spawn && !(spawn->flags & WSHD_PRIVILEGED) ? "vcap" : "root";
}

/* The user of a fake container is wshd's own, who has no choice; the daemon has checked what a job
 * asks for. */
static void find_user(struct first *first)
{
	const struct wshd_spawn *spawn = first->start->spawn;
	const char *user = first->command.user;

	if (first->wshd->options.fake) {
		if (!spawn && *user) {
			errno = EPERM;
			fail("become another user in a fake container");
		}
		return;
	}
	user = *user ? user : default_user(spawn);
	switch (account_find(user, first->wshd->options.uid, &first->account)) {
	case ACCOUNT_FOUND:
		return;
	case ACCOUNT_NO_USER:
		dprintf(FIRST_ERROR, "there is no user %.128s", user);
		break;
	case ACCOUNT_NO_GROUP:
		dprintf(FIRST_ERROR, "there is no group as in %.128s", user);
		break;
	}
	_exit(255);
}

static const char *user_name(const struct first *first)
{
	return *first->command.user ? first->command.user : first->account.name;
}

/* A job may open its own streams anew (/dev/stdout), so its pipes, which came to container root,
 * are its user's. A script on standard input is no pipe and stays as it is. */
static void give_pipes(const struct first *first)
{
	const struct wshd_spawn *spawn = first->start->spawn;

	if (!spawn || first->has_terminal)
		return;
	for (int fd = packet_spawn_has(spawn, WSHD_FD_STDIN_READ) ? STDIN_FILENO : STDOUT_FILENO;
	     fd <= STDERR_FILENO; fd++)
		if (fchown(fd, first->account.uid, first->account.gid) < 0)
			fail_for("user", user_name(first));
}

static bool capabilities_drop(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};

	return syscall(SYS_capset, &header, none) == 0;
}

/* System calls of its own, as a C library may try to do it in all threads. Root keeps what the
 * bounding set allows, through exec. */
static void become_user(const struct first *first)
{
	uid_t uid = first->account.uid;
	gid_t gid = first->account.gid;

	if (syscall(SYS_setgroups, 0, NULL) < 0)
		fail("drop groups");
	if (syscall(SYS_setresgid, gid, gid, gid) < 0 || syscall(SYS_setresuid, uid, uid, uid) < 0)
		fail_for("user", user_name(first));
	if (uid != 0 && !capabilities_drop())
		fail("drop capabilities");
}

/* Whether the working directory lies below the root: else the kernel says "(unreachable)". */
static bool is_inside(void)
{
	char path[4096];

	return syscall(SYS_getcwd, path, sizeof(path)) > 0 && path[0] == '/';
}

/* As the user, so what is closed to him is closed here. A home may be any link or missing. In a
 * fake container the root is where wshd is. */
static bool enter(const struct first *first, const char *directory)
{
	bool fake = first->wshd->options.fake;
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_NO_MAGICLINKS | (fake ? RESOLVE_IN_ROOT : 0),
	};
	int fd = (int)syscall(SYS_openat2, AT_FDCWD, directory, &how, sizeof(how));
	bool there = fd >= 0 && fchdir(fd) == 0;

	if (fd >= 0)
		close(fd);
	if (there && !is_inside()) {
		errno = ENOENT;
		return false;
	}
	return there;
}

static void go_to_work(const struct first *first)
{
	const char *directory = first->command.directory;

	if (*directory) {
		if (!enter(first, directory))
			fail_for("working_dir", directory);
	} else if (!first->wshd->options.fake && !enter(first, first->account.home)) {
		if (chdir("/") < 0)
			fail("change to /");
	}
}

/* In a container the account decides; a fake one has neither users nor an environment but the one
 * that is asked for. */
static void settle_in(struct first *first)
{
	if (first->wshd->options.fake) {
		go_to_work(first);
		return;
	}
	if (first->has_terminal && !pty_give(FIRST_TERMINAL, first->account.uid))
		fail("give the terminal to the user");
	give_pipes(first);
	become_user(first);
	go_to_work(first);
	if (!job_command_add_env(&first->command, &first->account, first->wshd->options.lang))
		fail("make the environment");
}

/* What a job asks for of its own scheduling and memory. */
static void adjust(const struct first *first)
{
	const struct wshd_spawn *spawn = first->start->spawn;
	int nice = getpriority(PRIO_PROCESS, 0) + spawn->nice; /* the kernel clamps it */
	char text[16];

	if (spawn->nice != 0 && setpriority(PRIO_PROCESS, 0, nice) < 0) {
		snprintf(text, sizeof(text), "%d", spawn->nice);
		fail_for("nice", text);
	}
	if (*first->command.cpus && !cpu_list_bind(first->command.cpus))
		fail_for("cpus", first->command.cpus);
	if ((spawn->flags & WSHD_NO_ASLR) && personality(ADDR_NO_RANDOMIZE) < 0)
		fail("switch address randomisation off");
	rlimits_set(spawn);
}

static void __attribute__((noreturn)) execute(const struct first *first)
{
	const char *name = first->command.args[0];
	bool shell = !first->start->spawn;

	job_command_execute(&first->command, shell ? first->account.shell : "");
	if (name && !shell)
		fail_for("argv", name);
	fail(name ? name : "execute /bin/bash");
}

void job_process_run(const struct wshd *wshd, const struct keeper_start *start,
		     const struct pty *terminal, int error_fd)
{
	struct first first = {.wshd = wshd, .start = start};
	sigset_t none;

	setsid(); /* a child of a keeper leads no group, so it cannot fail */
	arrange_fds(&first, terminal, error_fd);
	find_user(&first);
	if (start->spawn)
		adjust(&first);
	settle_in(&first);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execute(&first);
}
