/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A job's first process, see first.h. Until exec it is a copy of wshd, so what it still holds is
 * closed first, and what the container has written (passwd, directories, links) is looked at only
 * then.
 */
#include "wshd/first.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "wshd/command.h"
#include "wshd/limits.h"

/* Where the child keeps what is closed by exec. */
enum first_fd {
	FIRST_ERROR = KEEPER_STREAMS, /* says why it could not start */
	FIRST_TERMINAL,
	FIRST_FDS,
};

struct first {
	const struct wshd *wshd;
	const struct keeper_start *start;
	struct command command;
	struct account account;
	bool has_terminal;
};

static void __attribute__((noreturn)) fail(const char *what)
{
	dprintf(FIRST_ERROR, "%s: %s", what, strerror(errno)); /* fits an empty pipe */
	_exit(255);
}

static void command_take(struct first *first)
{
	const struct wshd_spawn *spawn = first->start->spawn;
	bool taken = spawn ? command_script(&first->command, spawn->flags & WSHD_PRIVILEGED)
			   : command_read(&first->command, KEEPER_COMMAND, first->start->shell);

	if (!taken)
		fail("read the command");
}

/* Keeps what it needs of the keeper's descriptors, whose numbers are higher than its own. */
static void arrange_fds(struct first *first, const struct terminal *terminal, int error_fd)
{
	if (dup3(error_fd, FIRST_ERROR, O_CLOEXEC) < 0)
		_exit(255); /* nobody could be told */
	command_take(first);
	first->has_terminal = terminal->slave >= 0;
	if (first->has_terminal) {
		if (dup3(terminal->slave, FIRST_TERMINAL, O_CLOEXEC) < 0 ||
		    !terminal_enter(FIRST_TERMINAL))
			fail("enter the terminal");
	} else {
		close(FIRST_TERMINAL);
	}
	if (syscall(SYS_close_range, FIRST_FDS, ~0U, 0) < 0)
		fail("close descriptors");
}

/* The user of a fake container is wshd's own, who has no choice. */
static void find_user(struct first *first)
{
	const char *user = first->command.user;

	if (first->wshd->options.fake) {
		if (first->start->shell && *user) {
			errno = EPERM;
			fail("become another user in a fake container");
		}
		return;
	}
	if (!account_find(*user ? user : "root", first->wshd->options.uid, &first->account)) {
		dprintf(FIRST_ERROR, "there is no user %.64s", user);
		_exit(255);
	}
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
		fail("become the user");
	if (uid != 0 && !capabilities_drop())
		fail("drop capabilities");
}

/* Whether the working directory lies below the root: else the kernel says "(unreachable)". */
static bool is_inside(void)
{
	char path[4096];

	return syscall(SYS_getcwd, path, sizeof(path)) > 0 && path[0] == '/';
}

/* As the user, so what is closed to him is closed here. A home may be any link or missing. */
static void go_home(const struct first *first)
{
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_NO_MAGICLINKS,
	};
	int fd = (int)syscall(SYS_openat2, AT_FDCWD, first->account.home, &how, sizeof(how));
	bool there = fd >= 0 && fchdir(fd) == 0 && is_inside();

	if (fd >= 0)
		close(fd);
	if (!there && chdir("/") < 0)
		fail("change to /");
}

/* In a container the account decides; a fake one has neither users nor an environment. */
static void settle_in(struct first *first)
{
	if (first->wshd->options.fake)
		return;
	if (first->has_terminal && !terminal_give(FIRST_TERMINAL, first->account.uid))
		fail("give the terminal to the user");
	become_user(first);
	go_home(first);
	if (!command_add_env(&first->command, &first->account, first->wshd->options.lang))
		fail("make the environment");
}

void first_run(const struct wshd *wshd, const struct keeper_start *start,
	       const struct terminal *terminal, int error_fd)
{
	struct first first = {.wshd = wshd, .start = start};
	sigset_t none;

	setsid(); /* a child of a keeper leads no group, so it cannot fail */
	arrange_fds(&first, terminal, error_fd);
	find_user(&first);
	if (start->spawn)
		limits_set(start->spawn);
	settle_in(&first);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	command_execute(&first.command, start->spawn ? "" : first.account.shell);
	fail(first.command.args[0] ? first.command.args[0] : "execute /bin/bash");
}
