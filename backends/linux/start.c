/* SPDX-License-Identifier: Apache-2.0 */
/* A worker's end of the conversation with a set-up child; see start.h. */
#include "backends/linux/start.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backends/common/message.h"
#include "backends/common/util.h"
#include "backends/linux/cgroup.h"
#include "backends/linux/setup.h"
#include "backends/linux/spawner.h"

/* Copies a path; one that does not fit names nothing. */
static int put_path(char *to, const char *from, struct warden_error *err)
{
	if (strlen(from) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return warden_error_errno(err, "use path %.64s...", from);
	}
	memcpy(to, from, strlen(from) + 1);
	return 0;
}

static int send_parameters(int socket, const struct container *container,
			   const struct warden_create *create, struct warden_error *err)
{
	const struct warden_settings *settings = container->backend->host->settings;
	const struct warden_identity *identity = &create->identity;
	struct setup_parameters p = {
		.base = linux_base(settings, identity->slot),
		.uid = identity->uid,
		.host_ip = identity->host_ip,
		.container_ip = identity->container_ip,
		.client_uid = create->client_uid,
		.client_gid = create->client_gid,
		.n_binds = create->n_bind_mounts,
	};

	snprintf(p.id, sizeof(p.id), "%s", identity->id);
	if (put_path(p.path, identity->path, err) < 0 ||
	    put_path(p.rootfs, create->rootfs_path, err) < 0)
		return -1;
	if (message_send(socket, &p, sizeof(p), NULL, 0) < 0)
		return warden_error_errno(err, "ask for a set-up");
	return 0;
}

static int send_binds(int socket, const struct warden_create *create, struct warden_error *err)
{
	struct setup_bind bind;

	for (size_t i = 0; i < create->n_bind_mounts; i++) {
		const struct warden_bind_mount *mount = &create->bind_mounts[i];

		memset(&bind, 0, sizeof(bind));
		bind.writable = mount->writable;
		if (put_path(bind.src_path, mount->src_path, err) < 0 ||
		    put_path(bind.dst_path, mount->dst_path, err) < 0)
			return -1;
		if (message_send(socket, &bind, sizeof(bind), NULL, 0) < 0)
			return warden_error_errno(err, "ask for bind mount %s", mount->dst_path);
	}
	return 0;
}

int start_begin(struct start *start, const struct container *container,
		const struct warden_create *create, struct warden_error *err)
{
	_cleanup_close_ int cgroup = -1;

	start->netns_fd = -1;
	start->rtnl_fd = -1;
	start->socket = -1;
	if (cgroup_v2_open(container->cgroup, &cgroup, err) < 0)
		return -1;
	start->socket =
		spawner_request(container->backend->spawner, create->identity.dir_fd, cgroup, err);
	if (start->socket < 0)
		return -1;
	if (send_parameters(start->socket, container, create, err) == 0 &&
	    send_binds(start->socket, create, err) == 0)
		return 0;
	start_end(start);
	return -1;
}

/* Waits for `event`, writes notes to the log on the way. */
static int await(const struct start *start, const struct container *container,
		 enum setup_event event, struct setup_reply *reply, int *fds, size_t n_fds,
		 struct warden_error *err)
{
	const struct warden_host *host = container->backend->host;

	for (;;) {
		ssize_t came = message_receive(start->socket, reply, sizeof(*reply), fds, n_fds);

		if (came < 0)
			return warden_error_errno(err, "hear from the set-up of %s", container->id);
		if (came != sizeof(*reply))
			return warden_error_set(err, "the set-up of %s was killed", container->id);
		if (reply->event == SETUP_FAILED) {
			*err = reply->error;
			return -1;
		}
		if (reply->event == event)
			return 0;
		if (reply->event == SETUP_NOTE)
			host->log(host, WARDEN_LOG_WARN, container->id, "%s", reply->error.message);
	}
}

int start_await_init(struct start *start, struct container *container, struct warden_error *err)
{
	struct setup_reply reply;
	int fds[STARTED_FDS];

	if (await(start, container, SETUP_STARTED, &reply, fds, STARTED_FDS, err) < 0)
		return -1;
	container->init_pid = reply.pid;
	container->init_pidfd = fds[STARTED_PIDFD];
	start->netns_fd = fds[STARTED_NETNS];
	start->rtnl_fd = fds[STARTED_RTNL];
	return 0;
}

int start_await_mounts(struct start *start, const struct container *container,
		       struct warden_error *err)
{
	struct setup_reply reply;

	return await(start, container, SETUP_READY, &reply, NULL, 0, err);
}

int start_execute(struct start *start, const struct container *container, struct warden_error *err)
{
	struct setup_reply reply;

	if (message_send(start->socket, "", 1, NULL, 0) < 0)
		return warden_error_errno(err, "let the set-up of %s go on", container->id);
	return await(start, container, SETUP_DONE, &reply, NULL, 0, err);
}

static void close_fds(int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

void start_explain(const struct start *start, struct warden_error *err)
{
	struct pollfd came = {.fd = start->socket, .events = POLLIN};
	struct setup_reply reply;
	int fds[STARTED_FDS];

	while (start->socket >= 0 && poll(&came, 1, 0) > 0) {
		if (message_receive(start->socket, &reply, sizeof(reply), fds, STARTED_FDS) <= 0)
			return;
		close_fds(fds, STARTED_FDS);
		if (reply.event == SETUP_FAILED)
			*err = reply.error;
	}
}

void start_abandon(struct start *start)
{
	struct setup_reply reply; /* that nobody waits for any more */
	int fds[STARTED_FDS];

	if (start->socket >= 0 && shutdown(start->socket, SHUT_WR) == 0)
		while (message_receive(start->socket, &reply, sizeof(reply), fds, STARTED_FDS) > 0)
			close_fds(fds, STARTED_FDS);
	start_end(start);
}

void start_end(struct start *start)
{
	int *const held[] = {&start->socket, &start->netns_fd, &start->rtnl_fd};

	for (size_t i = 0; i < ARRAY_SIZE(held); i++) {
		if (*held[i] >= 0)
			close(*held[i]);
		*held[i] = -1;
	}
}
