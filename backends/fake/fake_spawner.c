/* SPDX-License-Identifier: Apache-2.0 */
/* A small process with a single thread, forked before the daemon has any other, that forks one for
 * each transfer of files. It ends when the daemon does. */
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/fake/fake.h"
#include "backends/files/file_transfer.h"
#include "lib/cleanup.h"
#include "lib/fd_message.h"
#include "lib/fork.h"

enum { SOCKET_FD = 3 };

/* The descriptors of a request: the connection to the process, the container's root, data if any.
 */
enum { REQUEST_SOCKET, REQUEST_ROOT, REQUEST_DATA, REQUEST_FDS };

/* Keeps nothing of the daemon's but the socket. */
static int keep_fds(int socket)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(socket, SOCKET_FD) < 0)
		return -1;
	for (int fd = 0; fd < SOCKET_FD; fd++)
		if (dup2(null, fd) < 0)
			return -1;
	return close_range(SOCKET_FD + 1, ~0U, 0);
}

static void __attribute__((noreturn)) spawner_run(int socket)
{
	sigset_t none;
	int fds[REQUEST_FDS];
	char request;

	/* A signal to the daemon's group is not meant for transfers that run. */
	if (setsid() < 0 || keep_fds(socket) < 0 || signal(SIGCHLD, SIG_IGN) == SIG_ERR)
		_exit(1);
	prctl(PR_SET_NAME, "warden-spawner"); /* for ps alone */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	while (fd_message_receive(SOCKET_FD, &request, sizeof(request), fds, REQUEST_FDS) > 0) {
		/* Where it fails the worker sees its connection closed. */
		if (fork_plainly() == 0) {
			close(SOCKET_FD);
			transfer_child_run(fds[REQUEST_SOCKET], fds[REQUEST_ROOT],
					   fds[REQUEST_DATA]);
		}
		for (size_t i = 0; i < REQUEST_FDS; i++)
			if (fds[i] >= 0)
				close(fds[i]);
	}
	_exit(0);
}

int fake_spawner_start(struct fake_backend *backend, struct warden_error *err)
{
	int pair[2];

	if (fd_message_pair(pair) < 0)
		return warden_error_errno(err, "make the spawner's socket");
	backend->spawner_pid = fork_plainly();
	if (backend->spawner_pid == 0) {
		close(pair[0]);
		spawner_run(pair[1]);
	}
	close(pair[1]);
	backend->spawner_fd = pair[0];
	if (backend->spawner_pid > 0)
		return 0;
	warden_error_errno(err, "fork the spawner");
	close(pair[0]);
	return -1;
}

int fake_spawner_transfer(const struct fake_backend *backend, int root_fd, int data_fd,
			  struct warden_error *err)
{
	_cleanup_close_ int near = -1, far = -1;
	int pair[2], fds[REQUEST_FDS];

	if (fd_message_pair(pair) < 0)
		return warden_error_errno(err, "make a socket pair");
	near = pair[0];
	far = pair[1];
	fds[REQUEST_SOCKET] = far;
	fds[REQUEST_ROOT] = root_fd;
	fds[REQUEST_DATA] = data_fd;
	if (fd_message_send(backend->spawner_fd, "", 1, fds,
			    data_fd < 0 ? REQUEST_DATA : REQUEST_FDS) < 0)
		return warden_error_errno(err, "reach the spawner (process %d)",
					  backend->spawner_pid);
	return take_fd(&near);
}

void fake_spawner_stop(const struct fake_backend *backend)
{
	close(backend->spawner_fd); /* at which it ends */
	while (waitpid(backend->spawner_pid, NULL, 0) < 0 && errno == EINTR)
		;
}
