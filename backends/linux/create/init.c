/* SPDX-License-Identifier: Apache-2.0 */
/* Starts a container's first process, on the set-up child's side; see init.h. */
#include "backends/linux/create/init.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "backends/linux/create/user_namespace.h"
#include "backends/linux/net/net.h"
#include "lib/cleanup.h"
#include "lib/fd_message.h"
#include "lib/fork.h"

/* The namespaces that the first process is forked into. It makes its mount and cgroup namespaces
 * itself, last: then its mounts are complete and it is in its own cgroup. */
#define INIT_NAMESPACES (CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)

/* Waits for `event`. Fails if another event is received; INIT_FAILED carries the error. */
static int init_receive(int socket, enum init_event event, struct init_message *message,
			struct warden_error *err)
{
	ssize_t came = fd_message_receive(socket, message, sizeof(*message), NULL, 0);

	if (came < 0)
		return warden_error_errno(err, "receive from the container's first process");
	if (came == 0)
		return warden_error_set(err, "the container's first process was killed");
	if (message->event == INIT_FAILED) {
		*err = message->error;
		return -1;
	}
	if (message->event != event)
		return warden_error_set(err,
					"the container's first process sent an unexpected message");
	return 0;
}

static int init_send(int socket, enum init_event event, const int *fd, struct warden_error *err)
{
	struct init_message message = {.event = event};

	if (fd_message_send(socket, &message, sizeof(message), fd, 1) < 0)
		return warden_error_errno(err, "send to the container's first process");
	return 0;
}

/* Forks it into the container's cgroup: inside its user namespace it has no permission to enter. */
static pid_t init_fork(const struct setup *setup, struct warden_error *err)
{
	uint32_t base = setup->parameters.base;
	pid_t pid;

	if (base > 0)
		return user_fork(base, INIT_NAMESPACES, setup->cgroup_fd, err);
	pid = fork_with(INIT_NAMESPACES, SIGCHLD, setup->cgroup_fd);
	if (pid < 0)
		warden_error_errno(err, "make the container's namespaces");
	return pid;
}

/* The first process waits for a message until its ids are mapped. */
static int init_map_ids(struct setup *setup, struct warden_error *err)
{
	const struct user_map map = {setup->parameters.base, ID_RANGE, 0, 0};

	if (setup->parameters.base == 0)
		return 0;
	if (user_write_maps(setup->init_pid, &map, &map, err) < 0)
		return -1;
	setup->namespace_fd = user_open_namespace(setup->init_pid, err);
	return setup->namespace_fd < 0 ? -1 : 0;
}

/* Moves the set-up child into the container's network namespace: sockets opened there belong to it
 * and a new sysfs shows it. So no worker has to enter it. */
static int init_enter_network(struct setup *setup, struct warden_error *err)
{
	/* A child that has not been waited for: its pid cannot have been reused. */
	setup->init_pidfd = pidfd_open(setup->init_pid, 0);
	if (setup->init_pidfd < 0)
		return warden_error_errno(err, "open process %d", setup->init_pid);
	if (setns(setup->init_pidfd, CLONE_NEWNET) < 0)
		return warden_error_errno(err, "enter the container's network namespace");
	setup->netns_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (setup->netns_fd < 0)
		return warden_error_errno(err, "open the container's network namespace");
	return net_open_inside(&setup->rtnl_fd, err);
}

static int init_open_uts(struct setup *setup, struct warden_error *err)
{
	char path[64];

	if (!setup->parameters.prepares)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/ns/uts", setup->init_pid);
	setup->uts_fd = open(path, O_RDONLY | O_CLOEXEC);
	return setup->uts_fd < 0 ? warden_error_errno(err, "open %s", path) : 0;
}

int init_start(struct setup *setup, struct warden_error *err)
{
	int pair[2];

	if (fd_message_pair(pair) < 0)
		return warden_error_errno(err, "make a socket pair");
	setup->init_fd = pair[0];
	setup->init_far_fd = pair[1];
	setup->init_pid = init_fork(setup, err);
	if (setup->init_pid == 0) {
		close(setup->init_fd); /* else the end of the set-up child is not seen */
		init_child_run(setup);
	}
	if (setup->init_pid < 0)
		return -1;
	close(setup->init_far_fd);
	if (init_map_ids(setup, err) < 0 || init_enter_network(setup, err) < 0)
		return -1;
	return init_open_uts(setup, err);
}

int init_configure_network(struct setup *setup, struct warden_error *err)
{
	return net_configure_inside(setup->proc_fd, setup->parameters.base, err);
}

int init_prepare(struct setup *setup, struct warden_error *err)
{
	struct init_message message;

	if (setup->namespace_fd < 0)
		return 0;
	if (init_send(setup->init_fd, INIT_PREPARE, &setup->proc_fd, err) < 0)
		return -1;
	return init_receive(setup->init_fd, INIT_PREPARED, &message, err);
}

int init_execute(struct setup *setup, struct warden_error *err)
{
	struct init_message message;
	/* Inside it belongs to nobody, as wshd's program cannot be read. */
	_cleanup_close_ int score = openat(setup->proc_fd, "1/oom_score_adj", O_RDWR | O_CLOEXEC);

	if (score < 0)
		return warden_error_errno(err, "open oom_score_adj of the container's process 1");
	if (init_send(setup->init_fd, INIT_EXECUTE, &score, err) < 0)
		return -1;
	/* The exec of wshd closes its end of the socket; the only possible message is INIT_FAILED.
	 */
	switch (fd_message_receive(setup->init_fd, &message, sizeof(message), NULL, 0)) {
	case 0:
		return 0;
	case sizeof(message):
		*err = message.error;
		return -1;
	default:
		return warden_error_errno(err, "receive from the container's first process");
	}
}
