/* SPDX-License-Identifier: Apache-2.0 */
/* A process that forks a child for each request; see spawner.h. */
#include "lib/spawner.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/fd_message.h"
#include "lib/fork.h"

/* The first descriptor after the standard streams. */
enum { FIRST_FD = 3 };

/* The descriptors of a request. */
enum { REQUEST_SOCKET, REQUEST_DIRECTORY, REQUEST_EXTRA, REQUEST_FDS };

/* Closes all descriptors but `one` and `other` (-1: none); standard streams go to /dev/null. */
static int spawner_keep_fds(int one, int other)
{
	int high = one > other ? one : other;
	int low = other < 0 || other > one ? one : other;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return -1;
	for (int fd = 0; fd < FIRST_FD; fd++)
		if (dup2(null, fd) < 0)
			return -1;
	if (low > FIRST_FD && close_range(FIRST_FD, (unsigned)low - 1, 0) < 0)
		return -1;
	if (high > low + 1 && close_range((unsigned)low + 1, (unsigned)high - 1, 0) < 0)
		return -1;
	return close_range((unsigned)high + 1, ~0U, 0);
}

static int spawner_prepare(const struct spawner_work *work, int socket)
{
	sigset_t none;

	/* A ^C, or a signal to the daemon's group, must not end children that run. */
	if (setsid() < 0 || spawner_keep_fds(socket, work->keep_fd) < 0)
		return -1;
	/* The kernel reaps the children. */
	if (signal(SIGCHLD, SIG_IGN) == SIG_ERR)
		return -1;
	prctl(PR_SET_NAME, "warden-spawner"); /* shown by ps */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	return work->prepare ? work->prepare(work->data) : 0;
}

/* Serves requests until the parent closes the socket or ends. */
static void __attribute__((noreturn)) spawner_serve(const struct spawner_work *work, int socket)
{
	int kind, fds[REQUEST_FDS];

	if (spawner_prepare(work, socket) < 0)
		_exit(1);
	while (fd_message_receive(socket, &kind, sizeof(kind), fds, REQUEST_FDS) == sizeof(kind)) {
		/* If this fails the caller sees its connection closed. */
		if (fork_plainly() == 0) {
			signal(SIGCHLD, SIG_DFL);
			close(socket);
			work->run(work->data, kind, fds[REQUEST_SOCKET], fds[REQUEST_DIRECTORY],
				  fds[REQUEST_EXTRA]);
			_exit(1);
		}
		for (size_t i = 0; i < REQUEST_FDS; i++)
			if (fds[i] >= 0)
				close(fds[i]);
	}
	_exit(0);
}

int spawner_start(struct spawner *spawner, const struct spawner_work *work,
		  struct warden_error *err)
{
	int pair[2];

	if (fd_message_pair(pair) < 0)
		return warden_error_errno(err, "make the spawner's socket");
	spawner->pid = fork_plainly();
	if (spawner->pid == 0) {
		close(pair[0]);
		spawner_serve(work, pair[1]);
	}
	close(pair[1]);
	spawner->socket = pair[0];
	if (spawner->pid > 0)
		return 0;
	warden_error_errno(err, "fork the spawner");
	close(pair[0]);
	return -1;
}

int spawner_request(const struct spawner *spawner, int kind, int directory_fd, int extra_fd,
		    struct warden_error *err)
{
	_cleanup_close_ int near = -1, far = -1;
	int pair[2], fds[REQUEST_FDS];

	if (fd_message_pair(pair) < 0)
		return warden_error_errno(err, "make a socket pair");
	near = pair[0];
	far = pair[1];
	fds[REQUEST_SOCKET] = far;
	fds[REQUEST_DIRECTORY] = directory_fd;
	fds[REQUEST_EXTRA] = extra_fd;
	if (fd_message_send(spawner->socket, &kind, sizeof(kind), fds,
			    extra_fd < 0 ? REQUEST_EXTRA : REQUEST_FDS) < 0)
		return warden_error_errno(err, "reach the spawner (process %d)", spawner->pid);
	return take_fd(&near);
}

void spawner_stop(const struct spawner *spawner)
{
	close(spawner->socket); /* the spawner sees it and ends */
	while (waitpid(spawner->pid, NULL, 0) < 0 && errno == EINTR)
		;
}
