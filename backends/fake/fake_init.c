/* SPDX-License-Identifier: Apache-2.0 */
/* The first process of a fake container: wshd, started in its own session and recorded as
 * lib/pid_record.h describes. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/fake/fake.h"
#include "backends/wshd/wshd_client.h"
#include "lib/cleanup.h"
#include "lib/pid_record.h"

enum { LISTEN_FD = 3 }; /* in wshd */

int fake_init_find(struct fake_container *container, struct warden_error *err)
{
	if (container->pidfd < 0)
		container->pidfd = pid_record_open(container->dir_fd, &container->pid, err);
	return container->pidfd < 0 ? -1 : 0;
}

bool fake_init_has_ended(const struct fake_container *container)
{
	struct pollfd poll_fd = {.fd = container->pidfd, .events = POLLIN};

	return poll(&poll_fd, 1, 0) > 0;
}

void fake_init_reap(const struct fake_container *container)
{
	/* If an earlier daemon started it, it is not our child: ECHILD. */
	waitid(P_PIDFD, (id_t)container->pidfd, NULL, WEXITED | WNOHANG);
}

/* Standard streams on /dev/null, and the socket; all other descriptors are close-on-exec. */
static int fake_init_add_actions(posix_spawn_file_actions_t *actions, int listen_fd, int root_fd)
{
	int result = posix_spawn_file_actions_adddup2(actions, listen_fd, LISTEN_FD);

	if (result == 0)
		result = posix_spawn_file_actions_addfchdir_np(actions, root_fd);
	for (int fd = STDIN_FILENO; result == 0 && fd <= STDERR_FILENO; fd++)
		result = posix_spawn_file_actions_addopen(actions, fd, "/dev/null", O_RDWR, 0);
	return result;
}

/* A signal to the daemon's process group must not reach wshd. */
static int fake_init_set_attributes(posix_spawnattr_t *attributes)
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

static int fake_init_spawn(struct fake_container *container, int listen_fd, int root_fd,
			   struct warden_error *err)
{
	const struct wshd_start start = {
		.id = container->id,
		.listen_fd = LISTEN_FD,
		.fake_dir = ".",
		.subreaper = true,
		.no_new_privs = container->no_new_privs,
	};
	char *environment[] = {NULL};
	struct wshd_arguments arguments;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;

	if (wshd_arguments_fill(&arguments, &start, err) < 0)
		return -1;
	/* These cannot fail in any Linux C library. */
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	errno = fake_init_add_actions(&actions, listen_fd, root_fd);
	if (errno == 0)
		errno = fake_init_set_attributes(&attributes);
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
	kill(container->pid, SIGKILL); /* our unreaped child: the pid is valid */
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
	if (listen_fd < 0 || fake_init_spawn(container, listen_fd, root_fd, err) < 0)
		return -1;
	container->pidfd = pidfd_open(container->pid, 0);
	if (container->pidfd < 0)
		warden_error_errno(err, "open wshd of container %s", container->id);
	else if (pid_record_write(container->dir_fd, container->pid, container->pidfd, err) == 0)
		return 0;
	fake_init_kill(container);
	return -1;
}
