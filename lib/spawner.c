/* SPDX-License-Identifier: Apache-2.0 */
/* A process that forks a child for each request; see spawner.h. */
#include "lib/spawner.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/fd_message.h"
#include "lib/fork.h"

/* The first descriptor after the standard streams. */
enum { FIRST_FD = 3 };

enum {
	PATIENCE_S = 10, /* for which a process that stands still is waited for */
	PAUSE_MS = 5,    /* until a message is read again for which the kernel had no memory */
};

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

static int spawner_prepare(const struct spawner_work *work, const char *name)
{
	sigset_t none;

	/* A ^C, or a signal to the daemon's group, must not end children that run. */
	if (setsid() < 0)
		return -1;
	/* The kernel reaps the children. */
	if (signal(SIGCHLD, SIG_IGN) == SIG_ERR)
		return -1;
	prctl(PR_SET_NAME, name); /* shown by ps */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	return work->prepare ? work->prepare(work->data) : 0;
}

/* The first message on a spawner's socket: what became of it. */
struct spawner_hello {
	pid_t pid;
	int number; /* errno; 0: it serves */
};

static void spawner_say_hello(int socket, pid_t pid, int number)
{
	const struct spawner_hello hello = {.pid = pid, .number = number};

	/* If this fails the daemon is gone or sees the end of the socket. */
	fd_message_send(socket, &hello, sizeof(hello), NULL, 0);
}

/* Receives the next request. False at the end of the connection. */
static bool spawner_receive(int socket, void *data, size_t size, int *fds, size_t n_fds)
{
	for (;;) {
		ssize_t got = fd_message_receive(socket, data, size, fds, n_fds);

		if (got == (ssize_t)size)
			return true;
		/* Of a request whose descriptors found no room the sender sees the connection
		 * closed. */
		if (got < 0 && (errno == EMFILE || errno == ENFILE || errno == EMSGSIZE))
			continue;
		if (got >= 0 || (errno != ENOMEM && errno != ENOBUFS))
			return false;
		poll(NULL, 0, PAUSE_MS);
	}
}

/* Serves requests until the daemon closes the socket or ends. */
static void __attribute__((noreturn)) spawner_serve(const struct spawner_work *work, int socket)
{
	int kind, fds[REQUEST_FDS];

	if (spawner_prepare(work, "warden-spawner") < 0) {
		spawner_say_hello(socket, 0, errno);
		_exit(1);
	}
	spawner_say_hello(socket, getpid(), 0);
	while (spawner_receive(socket, &kind, sizeof(kind), fds, REQUEST_FDS)) {
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

/* Forks a spawner for each socket that it receives, until the daemon closes its own or ends. */
static void __attribute__((noreturn))
spawner_run_zygote(const struct spawner_work *work, int socket)
{
	int fd;
	char byte;

	if (spawner_keep_fds(socket, work->keep_fd) < 0 ||
	    spawner_prepare(work, "warden-zygote") < 0)
		_exit(1);
	while (spawner_receive(socket, &byte, sizeof(byte), &fd, 1)) {
		pid_t pid = fork_plainly();

		if (pid == 0) {
			close(socket);
			spawner_serve(work, fd);
		}
		if (pid < 0)
			spawner_say_hello(fd, 0, errno);
		close(fd);
	}
	_exit(0);
}

/* A pair whose near end does not wait for ever for a process that stands still. */
static int spawner_make_pair(int pair[2])
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	int saved;

	if (fd_message_pair(pair) < 0)
		return -1;
	if (setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) == 0 &&
	    setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0)
		return 0;
	saved = errno;
	close(pair[0]);
	close(pair[1]);
	errno = saved;
	return -1;
}

static bool spawner_is_gone(int number)
{
	return number == EPIPE || number == ECONNRESET || number == ECONNREFUSED;
}

static int spawner_await_hello(int socket, struct spawner_hello *hello, struct warden_error *err)
{
	ssize_t got = fd_message_receive(socket, hello, sizeof(*hello), NULL, 0);

	if (got < 0)
		return warden_error_errno(err, "start the spawner");
	if (got != sizeof(*hello))
		return warden_error_set(err, "start the spawner: it has ended");
	errno = hello->number;
	return errno == 0 ? 0 : warden_error_errno(err, "start the spawner");
}

/* Makes the zygote fork a spawner, instead of one that has ended. The mutex is held. */
static int spawner_renew(struct spawner *spawner, struct warden_error *err)
{
	_cleanup_close_ int near = -1, far = -1;
	struct spawner_hello hello;
	pid_t ended = spawner->pid;
	int pair[2];

	if (spawner_make_pair(pair) < 0)
		return warden_error_errno(err, "make the spawner's socket");
	near = pair[0];
	far = pair[1];
	if (fd_message_send(spawner->zygote_socket, "", 1, &far, 1) < 0) {
		if (!spawner_is_gone(errno))
			return warden_error_errno(err, "start the spawner (parent: process %d)",
						  spawner->zygote);
		return warden_error_set(err,
					"the spawner (process %d) and its parent (process %d) have "
					"ended: restart the daemon",
					spawner->pid, spawner->zygote);
	}
	cleanup_close(&far);
	far = -1;
	if (spawner_await_hello(near, &hello, err) < 0)
		return -1;
	cleanup_close(&spawner->socket);
	cleanup_close(&spawner->pidfd);
	spawner->socket = take_fd(&near);
	spawner->pid = hello.pid;
	spawner->pidfd = pidfd_open(hello.pid, 0); /* if it fails nobody waits for its end */
	if (spawner->restarted)
		spawner->restarted(spawner->data, ended, spawner->pid);
	return 0;
}

int spawner_start(struct spawner *spawner, const struct spawner_work *work,
		  struct warden_error *err)
{
	int pair[2];

	*spawner = (struct spawner){.socket = -1, .pidfd = -1, .zygote_socket = -1};
	if (spawner_make_pair(pair) < 0)
		return warden_error_errno(err, "make the spawner's socket");
	spawner->zygote = fork_plainly();
	if (spawner->zygote == 0) {
		close(pair[0]);
		spawner_run_zygote(work, pair[1]);
	}
	close(pair[1]);
	spawner->zygote_socket = pair[0];
	if (spawner->zygote < 0) {
		warden_error_errno(err, "fork the parent of the spawner");
		close(pair[0]);
		return -1;
	}
	pthread_mutex_init(&spawner->mutex, NULL);
	if (spawner_renew(spawner, err) == 0)
		return 0;
	spawner_stop(spawner);
	return -1;
}

/* Sends a request; to a new spawner if the present one has ended. */
static int spawner_send(struct spawner *spawner, int kind, const int *fds, size_t n_fds,
			struct warden_error *err)
{
	pthread_mutex_t *locked _cleanup_unlock_ = &spawner->mutex;

	pthread_mutex_lock(locked);
	if (fd_message_send(spawner->socket, &kind, sizeof(kind), fds, n_fds) == 0)
		return 0;
	if (spawner_is_gone(errno)) {
		if (spawner_renew(spawner, err) < 0)
			return -1;
		if (fd_message_send(spawner->socket, &kind, sizeof(kind), fds, n_fds) == 0)
			return 0;
	}
	return warden_error_errno(err, "reach the spawner (process %d)", spawner->pid);
}

int spawner_request(struct spawner *spawner, int kind, int directory_fd, int extra_fd,
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
	if (spawner_send(spawner, kind, fds, extra_fd < 0 ? REQUEST_EXTRA : REQUEST_FDS, err) < 0)
		return -1;
	return take_fd(&near);
}

void spawner_stop(struct spawner *spawner)
{
	struct pollfd end = {.fd = spawner->pidfd, .events = POLLIN};

	cleanup_close(&spawner->zygote_socket);
	cleanup_close(&spawner->socket);
	/* Both processes see that and end, unless they are stopped. ESRCH: they have ended. */
	if (spawner->pidfd >= 0)
		pidfd_send_signal(spawner->pidfd, SIGKILL, NULL, 0);
	kill(spawner->zygote, SIGKILL);
	while (waitpid(spawner->zygote, NULL, 0) < 0 && errno == EINTR)
		;
	if (spawner->pidfd >= 0)
		poll(&end, 1, PATIENCE_S * 1000);
	cleanup_close(&spawner->pidfd);
	pthread_mutex_destroy(&spawner->mutex);
}
