/* SPDX-License-Identifier: Apache-2.0 */
/* The spawner; see linux_spawner.h. */
#include "backends/linux/create/linux_spawner.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/linux/create/setup.h"
#include "backends/linux/run/linux_transfer.h"
#include "lib/cleanup.h"
#include "lib/fd_message.h"
#include "lib/fork.h"

/* Above those of a terminal's or a log's. */
#define FIRST_FD 3

struct spawner {
	pid_t pid;
	int pidfd; /* -1: nobody watches */
	int socket;
	const struct warden_host *host;
};

/* What is asked for, and the descriptors that come with it. */
enum request { REQUEST_SETUP, REQUEST_TRANSFER };
enum { REQUEST_SOCKET, REQUEST_DIRECTORY, REQUEST_CGROUP, REQUEST_FDS };
enum { REQUEST_DATA = REQUEST_CGROUP };

/* What cannot be raised inside a user namespace any more is raised here, as far as it goes. */
static void raise_limits(void)
{
	for (int resource = 0; resource < RLIM_NLIMITS; resource++) {
		struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};

		if (setrlimit(resource, &limit) == 0 || getrlimit(resource, &limit) < 0)
			continue;
		limit.rlim_cur = limit.rlim_max;
		setrlimit(resource, &limit); /* stays as it is: jobs are told what they lack */
	}
}

/* Keeps nothing of the daemon's but the socket and the program. */
static int keep_fds(int socket, int program_fd)
{
	int low = socket < program_fd ? socket : program_fd;
	int high = socket < program_fd ? program_fd : socket;
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

static int prepare(const struct linux_backend *backend, int socket)
{
	sigset_t none;

	/* A ^C or a signal to the daemon's group is not meant for set-ups that run. */
	if (setsid() < 0 || keep_fds(socket, backend->program_fd) < 0)
		return -1;
	/* First processes whose set-up child has ended are ours, and nobody waits for them. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 || signal(SIGCHLD, SIG_IGN) == SIG_ERR)
		return -1;
	prctl(PR_SET_NAME, "warden-spawner"); /* for ps alone */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(0);
	raise_limits();
	return setgroups(0, NULL);
}

static void __attribute__((noreturn))
child_run(const struct linux_backend *backend, enum request request, const int *fds)
{
	signal(SIGCHLD, SIG_DFL);
	if (request == REQUEST_TRANSFER)
		linux_transfer_run(backend, fds[REQUEST_SOCKET], fds[REQUEST_DIRECTORY],
				   fds[REQUEST_DATA]);
	setup_child_run(backend, fds[REQUEST_SOCKET], fds[REQUEST_DIRECTORY], fds[REQUEST_CGROUP]);
}

static void __attribute__((noreturn)) spawner_run(const struct linux_backend *backend, int socket)
{
	enum request request;
	int fds[REQUEST_FDS];

	if (prepare(backend, socket) < 0)
		_exit(1);
	while (fd_message_receive(socket, &request, sizeof(request), fds, REQUEST_FDS) ==
	       sizeof(request)) {
		/* Where it fails the worker sees its connection closed. */
		if (fork_plainly() == 0) {
			close(socket);
			child_run(backend, request, fds);
		}
		for (size_t i = 0; i < REQUEST_FDS; i++)
			if (fds[i] >= 0)
				close(fds[i]);
	}
	_exit(0);
}

int linux_spawner_start(const struct linux_backend *backend, struct spawner **result,
			struct warden_error *err)
{
	struct spawner *spawner = malloc(sizeof(*spawner));
	int pair[2];

	if (!spawner || fd_message_pair(pair) < 0) {
		warden_error_errno(err, "make the spawner's socket");
		free(spawner);
		return -1;
	}
	spawner->pidfd = -1;
	spawner->pid = fork_plainly();
	if (spawner->pid == 0) {
		close(pair[0]);
		spawner_run(backend, pair[1]);
	}
	close(pair[1]);
	spawner->socket = pair[0];
	if (spawner->pid < 0) {
		warden_error_errno(err, "fork the spawner");
		close(pair[0]);
		free(spawner);
		return -1;
	}
	*result = spawner;
	return 0;
}

static void has_ended(void *data, uint32_t events)
{
	const struct spawner *spawner = data;

	(void)events;
	spawner->host->failed(spawner->host,
			      "the spawner (process %d) was killed: no container can be made",
			      spawner->pid);
}

int linux_spawner_watch(struct spawner *spawner, struct watcher *watcher,
			const struct warden_host *host, struct warden_error *err)
{
	spawner->host = host;
	/* Our own child that was not waited for: the number is nobody else's. */
	spawner->pidfd = pidfd_open(spawner->pid, 0);
	if (spawner->pidfd < 0)
		return warden_error_errno(err, "open the spawner (process %d)", spawner->pid);
	if (!watcher_add(watcher, spawner->pidfd, EPOLLIN | EPOLLONESHOT, has_ended, spawner, err))
		return -1;
	return 0;
}

/* Asks for a child; the worker's end of the connection to it. `fds` lack its own end. */
static int ask(struct spawner *spawner, enum request request, int *fds, size_t n_fds,
	       struct warden_error *err)
{
	_cleanup_close_ int near = -1, far = -1;
	int pair[2];

	if (fd_message_pair(pair) < 0)
		return warden_error_errno(err, "make a socket pair");
	near = pair[0];
	far = pair[1];
	fds[REQUEST_SOCKET] = far;
	if (fd_message_send(spawner->socket, &request, sizeof(request), fds, n_fds) < 0)
		return warden_error_errno(err, "reach the spawner (process %d)", spawner->pid);
	return take_fd(&near);
}

int linux_spawner_request(struct spawner *spawner, int directory_fd, int cgroup_fd,
			  struct warden_error *err)
{
	int fds[REQUEST_FDS] = {-1, directory_fd, cgroup_fd};

	return ask(spawner, REQUEST_SETUP, fds, cgroup_fd < 0 ? REQUEST_CGROUP : REQUEST_FDS, err);
}

int linux_spawner_transfer(struct spawner *spawner, int root_fd, int data_fd,
			   struct warden_error *err)
{
	int fds[REQUEST_FDS] = {-1, root_fd, data_fd};

	return ask(spawner, REQUEST_TRANSFER, fds, data_fd < 0 ? REQUEST_DATA : REQUEST_FDS, err);
}

void linux_spawner_stop(struct spawner *spawner)
{
	if (!spawner)
		return;
	close(spawner->socket); /* at which it ends */
	if (spawner->pidfd >= 0)
		close(spawner->pidfd);
	while (waitpid(spawner->pid, NULL, 0) < 0 && errno == EINTR)
		;
	free(spawner);
}
