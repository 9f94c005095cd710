/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first process of a fake container: wshd, started in a session of its own, recorded in
 * run/wshd.pid (the number alone) and run/wshd.start (when it started, in which boot, and the inode
 * of its pidfd, which a kernel from 6.9 on gives to no other process), which together tell it from
 * a later process of the same number.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/fake/fake.h"
#include "backends/wshd/wshd_client.h"
#include "lib/cleanup.h"

#define PID_FILE   "run/wshd.pid"
#define START_FILE "run/wshd.start"

enum { LISTEN_FD = 3 }; /* wshd's */

struct start_record {
	uint64_t ticks; /* since the boot */
	uint64_t inode; /* of its pidfd */
	char boot[64];
};

/* Reads a small file whole; false where there is none or it is too long. */
static bool file_read(int dir_fd, const char *path, char *text, size_t size)
{
	_cleanup_close_ int fd = openat(dir_fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, size);

	if (got < 0 || (size_t)got == size)
		return false;
	text[got] = '\0';
	return true;
}

static int file_write(int dir_fd, const char *path, const char *text, struct warden_error *err)
{
	_cleanup_close_ int fd =
		openat(dir_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	size_t length = strlen(text);

	if (fd < 0 || write(fd, text, length) != (ssize_t)length)
		return warden_error_errno(err, "write %s", path);
	return 0;
}

/* When a process started: field 22 of its stat, behind a name that may hold anything. */
static bool start_read(pid_t pid, int pidfd, struct start_record *record)
{
	struct stat status;
	char path[32], text[1024];
	char *at;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (!file_read(AT_FDCWD, path, text, sizeof(text)))
		return false;
	at = strrchr(text, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (!at || !file_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", record->boot,
			      sizeof(record->boot)))
		return false;
	record->boot[strcspn(record->boot, "\n")] = '\0';
	if (fstat(pidfd, &status) < 0)
		return false;
	record->inode = status.st_ino;
	record->ticks = strtoull(at + 1, NULL, 10);
	return true;
}

static void record_format(const struct start_record *record, char *text, size_t size)
{
	snprintf(text, size, "%" PRIu64 " %s %" PRIu64 "\n", record->ticks, record->boot,
		 record->inode);
}

/* The pid comes last: where it is, all is. */
static int pid_record_write(const struct fake_container *container, struct warden_error *err)
{
	struct start_record record;
	char text[128];

	if (!start_read(container->pid, container->pidfd, &record))
		return warden_error_set(err, "wshd of %s has ended at once", container->id);
	record_format(&record, text, sizeof(text));
	if (file_write(container->dir_fd, START_FILE, text, err) < 0)
		return -1;
	snprintf(text, sizeof(text), "%d\n", container->pid);
	return file_write(container->dir_fd, PID_FILE, text, err);
}

static int pidfd_of(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static bool has_ended(int pidfd)
{
	struct pollfd poll_fd = {.fd = pidfd, .events = POLLIN};

	return poll(&poll_fd, 1, 0) != 0;
}

void fake_init_find(struct fake_container *container)
{
	struct start_record now;
	char text[128], was[128];
	_cleanup_close_ int pidfd = -1;
	long pid;

	if (!file_read(container->dir_fd, PID_FILE, text, sizeof(text)) ||
	    !file_read(container->dir_fd, START_FILE, was, sizeof(was)))
		return;
	pid = strtol(text, NULL, 10);
	if (pid <= 1 || pid > INT32_MAX || (pidfd = pidfd_of((pid_t)pid)) < 0)
		return;
	if (!start_read((pid_t)pid, pidfd, &now))
		return;
	record_format(&now, text, sizeof(text));
	/* What was read is of the process that pidfd is only if that lives on. */
	if (strcmp(text, was) != 0 || has_ended(pidfd))
		return;
	container->pid = (pid_t)pid;
	container->pidfd = take_fd(&pidfd);
}

void fake_init_reap(const struct fake_container *container)
{
	/* One that an earlier daemon started is not our child: ECHILD. */
	waitid(P_PIDFD, (id_t)container->pidfd, NULL, WEXITED | WNOHANG);
}

/* Standard streams that lead nowhere, and the socket; all others are close-on-exec. */
static int actions_add(posix_spawn_file_actions_t *actions, int listen_fd, int root_fd)
{
	int result = posix_spawn_file_actions_adddup2(actions, listen_fd, LISTEN_FD);

	if (result == 0)
		result = posix_spawn_file_actions_addfchdir_np(actions, root_fd);
	for (int fd = STDIN_FILENO; result == 0 && fd <= STDERR_FILENO; fd++)
		result = posix_spawn_file_actions_addopen(actions, fd, "/dev/null", O_RDWR, 0);
	return result;
}

/* A signal to the daemon's group is none of its business. */
static int attributes_set(posix_spawnattr_t *attributes)
{
	sigset_t all, none;
	int result;

	sigfillset(&all);
	sigemptyset(&none);
	result = posix_spawnattr_setsigdefault(attributes, &all);
	if (result == 0)
		result = posix_spawnattr_setsigmask(attributes, &none);
	if (result == 0)
		result = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID |
								      POSIX_SPAWN_SETSIGDEF |
								      POSIX_SPAWN_SETSIGMASK);
	return result;
}

static int spawn_wshd(struct fake_container *container, int listen_fd, int root_fd,
		      struct warden_error *err)
{
	const struct wshd_start start = {
		.id = container->id,
		.listen_fd = LISTEN_FD,
		.fake_dir = ".",
		.subreaper = true,
	};
	char *environment[] = {NULL};
	struct wshd_arguments arguments;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;

	if (wshd_arguments_fill(&arguments, &start, err) < 0)
		return -1;
	/* These cannot fail in any C library of Linux. */
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	errno = actions_add(&actions, listen_fd, root_fd);
	if (errno == 0)
		errno = attributes_set(&attributes);
	if (errno == 0)
		errno = posix_spawn(&container->pid, container->backend->wshd, &actions,
				    &attributes, arguments.argv, environment);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	if (errno == 0)
		return 0;
	container->pid = 0;
	return warden_error_errno(err, "start %s", container->backend->wshd);
}

void fake_init_kill(struct fake_container *container)
{
	kill(container->pid, SIGKILL); /* our child, so nobody else can have its number */
	waitpid(container->pid, NULL, 0);
	container->pid = 0;
}

int fake_init_start(struct fake_container *container, struct warden_error *err)
{
	_cleanup_close_ int root_fd =
		openat(container->dir_fd, "root", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_close_ int listen_fd = -1;

	if (root_fd < 0)
		return warden_error_errno(err, "open root of container %s", container->id);
	listen_fd = wshd_listen(container->dir_fd, err);
	if (listen_fd < 0 || spawn_wshd(container, listen_fd, root_fd, err) < 0)
		return -1;
	container->pidfd = pidfd_of(container->pid);
	if (container->pidfd < 0)
		warden_error_errno(err, "open wshd of container %s", container->id);
	else if (pid_record_write(container, err) == 0)
		return 0;
	fake_init_kill(container);
	return -1;
}
