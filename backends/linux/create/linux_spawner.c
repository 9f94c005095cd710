/* SPDX-License-Identifier: Apache-2.0 */
/* The linux backend's spawner; see linux_spawner.h. The generic part is lib/spawner.c. */
#include "backends/linux/create/linux_spawner.h"

#include <grp.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "backends/linux/create/setup.h"
#include "backends/linux/firewall/firewall_holder.h"
#include "backends/linux/run/linux_transfer.h"
#include "lib/spawner.h"

struct linux_spawner {
	struct spawner spawner;
	int pidfd; /* of its parent; -1: not watched */
	const struct warden_host *host;
};

/* The kinds of children. */
enum request { REQUEST_SETUP, REQUEST_TRANSFER, REQUEST_HOLD };

/* Raises all resource limits as far as possible: it is not permitted inside a user namespace. */
static void linux_spawner_raise_limits(void)
{
	for (int resource = 0; resource < RLIM_NLIMITS; resource++) {
		struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};

		if (setrlimit(resource, &limit) == 0 || getrlimit(resource, &limit) < 0)
			continue;
		limit.rlim_cur = limit.rlim_max;
		/* If this fails the limit stays; jobs that ask for more get an error. */
		setrlimit(resource, &limit);
	}
}

static int linux_spawner_prepare(const void *data)
{
	(void)data;
	/* A first process outlives its set-up child; the spawner becomes its parent and reaps it.
	 */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return -1;
	umask(0);
	linux_spawner_raise_limits();
	return setgroups(0, NULL);
}

static void linux_spawner_run_child(const void *data, int request, int socket, int directory_fd,
				    int extra_fd)
{
	if (request == REQUEST_TRANSFER)
		linux_transfer_run(data, socket, directory_fd, extra_fd);
	if (request == REQUEST_HOLD)
		firewall_holder_run(socket, directory_fd, extra_fd);
	setup_child_run(data, socket, directory_fd, extra_fd);
}

int linux_spawner_start(const struct linux_backend *backend, struct linux_spawner **result,
			struct warden_error *err)
{
	const struct spawner_work work = {
		.keep_fd = backend->program_fd,
		.prepare = linux_spawner_prepare,
		.run = linux_spawner_run_child,
		.data = backend,
	};
	struct linux_spawner *spawner = malloc(sizeof(*spawner));

	if (!spawner)
		return warden_error_errno(err, "start the spawner");
	spawner->pidfd = -1;
	if (spawner_start(&spawner->spawner, &work, err) < 0) {
		free(spawner);
		return -1;
	}
	linux_spawner_limit_sends(backend, spawner->spawner.socket);
	*result = spawner;
	return 0;
}

static void linux_spawner_on_zygote_end(void *data, uint32_t events)
{
	const struct linux_spawner *spawner = data;

	(void)events;
	spawner->host->log(spawner->host, WARDEN_LOG_ERROR, NULL,
			   "the spawner's parent (process %d) was killed: no other spawner can be "
			   "started until the daemon is restarted",
			   spawner->spawner.zygote);
}

static void linux_spawner_on_restart(void *data, pid_t ended, pid_t pid)
{
	const struct linux_spawner *spawner = data;

	spawner->host->log(spawner->host, WARDEN_LOG_WARN, NULL,
			   "the spawner (process %d) was killed; process %d is the new one", ended,
			   pid);
}

int linux_spawner_watch(struct linux_spawner *spawner, struct watcher *watcher,
			const struct warden_host *host, struct warden_error *err)
{
	spawner->host = host;
	spawner->spawner.restarted = linux_spawner_on_restart;
	spawner->spawner.data = spawner;
	/* A child that has not been waited for: its pid cannot have been reused. */
	spawner->pidfd = pidfd_open(spawner->spawner.zygote, 0);
	if (spawner->pidfd < 0)
		return warden_error_errno(err, "open the spawner's parent (process %d)",
					  spawner->spawner.zygote);
	if (!watcher_add(watcher, spawner->pidfd, EPOLLIN | EPOLLONESHOT,
			 linux_spawner_on_zygote_end, spawner, err))
		return -1;
	return 0;
}

void linux_spawner_limit_sends(const struct linux_backend *backend, int socket)
{
	const struct timeval limit = {.tv_sec = backend->host->settings->create_timeout};

	setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)); /* cannot fail */
}

int linux_spawner_request(struct linux_spawner *spawner, int directory_fd, int cgroup_fd,
			  struct warden_error *err)
{
	return spawner_request(&spawner->spawner, REQUEST_SETUP, directory_fd, cgroup_fd, err);
}

int linux_spawner_transfer(struct linux_spawner *spawner, int root_fd, int data_fd,
			   struct warden_error *err)
{
	return spawner_request(&spawner->spawner, REQUEST_TRANSFER, root_fd, data_fd, err);
}

int linux_spawner_hold(struct linux_spawner *spawner, int netlink_fd, int listen_fd,
		       struct warden_error *err)
{
	return spawner_request(&spawner->spawner, REQUEST_HOLD, netlink_fd, listen_fd, err);
}

void linux_spawner_stop(struct linux_spawner *spawner)
{
	if (!spawner)
		return;
	if (spawner->pidfd >= 0)
		close(spawner->pidfd);
	spawner_stop(&spawner->spawner);
	free(spawner);
}
