/* SPDX-License-Identifier: Apache-2.0 */
/* The worker's side of a container's set-up; see setup_worker.h. */
#include "backends/linux/create/setup_worker.h"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backends/linux/cgroup/cgroup.h"
#include "backends/linux/create/hooks.h"
#include "backends/linux/create/linux_spawner.h"
#include "backends/linux/create/setup.h"
#include "backends/linux/create/setup_texts.h"
#include "lib/cleanup.h"
#include "lib/fd_message.h"

/* How long a set-up child that was killed may take to end, in milliseconds. */
enum { ABANDON_MS = 5000 };

/* Copies a path. The kernel refuses paths of PATH_MAX, so a longer one is an error. */
static int setup_worker_copy_path(char *to, const char *from, struct warden_error *err)
{
	if (strlen(from) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return warden_error_errno(err, "use path %.64s...", from);
	}
	memcpy(to, from, strlen(from) + 1);
	return 0;
}

static int setup_worker_send_parameters(int socket, const struct linux_container *container,
					const struct warden_create *create,
					const struct setup_texts *texts, struct warden_error *err)
{
	const struct warden_settings *settings = container->backend->host->settings;
	const struct warden_identity *identity = create->identity;
	struct setup_parameters p = {
		.base = linux_base(settings, identity->slot),
		.nested = settings->allow_nested_warden,
		.uid = identity->uid,
		.host_ip = identity->host_ip,
		.container_ip = identity->container_ip,
		.client_uid = create->client_uid,
		.client_gid = create->client_gid,
		.n_layers = create->n_layers > 0 ? create->n_layers : 1,
		.tmpfs_bytes = create->tmpfs_bytes,
		.tmpfs_inodes = create->tmpfs_inodes,
		.shm_bytes = create->shm_bytes,
		.hosts_length = texts->hosts_length,
		.resolv_length = texts->resolv_length,
		.working_dir_length = create->working_dir ? strlen(create->working_dir) : 0,
		.n_binds = create->n_bind_mounts,
		.no_new_privs = create->no_new_privs,
		.prepares = create->prepares,
		.project = create->tmpfs_bytes > 0
				   ? 0
				   : disk_quota_project(&container->backend->quota, identity),
	};

	if (p.n_layers > SETUP_LAYERS_MAX)
		return warden_error_set(err, "%zu layers, at most %d are allowed", p.n_layers,
					SETUP_LAYERS_MAX);
	snprintf(p.id, sizeof(p.id), "%s", identity->id);
	snprintf(p.hostname, sizeof(p.hostname), "%s",
		 create->hostname ? create->hostname : identity->id);
	if (setup_worker_copy_path(p.path, identity->path, err) < 0 ||
	    setup_worker_copy_path(p.rootfs, create->rootfs_path, err) < 0)
		return -1;
	if (fd_message_send(socket, &p, sizeof(p), NULL, 0) < 0)
		return warden_error_errno(err, "send the set-up parameters");
	return 0;
}

static int setup_worker_send_layers(int socket, const struct warden_create *create,
				    struct warden_error *err)
{
	const char *const *paths = create->n_layers > 0 ? create->layers : &create->rootfs_path;
	size_t n = create->n_layers > 0 ? create->n_layers : 1;
	struct setup_layer layer;

	for (size_t i = 0; i < n; i++) {
		memset(&layer, 0, sizeof(layer));
		if (setup_worker_copy_path(layer.path, paths[i], err) < 0)
			return -1;
		if (fd_message_send(socket, &layer, sizeof(layer), NULL, 0) < 0)
			return warden_error_errno(err, "send layer %s", paths[i]);
	}
	return 0;
}

static int setup_worker_send_text(int socket, const char *text, size_t length,
				  struct warden_error *err)
{
	if (length > 0 && fd_message_send(socket, text, length, NULL, 0) < 0)
		return warden_error_errno(err, "send a text of %zu bytes", length);
	return 0;
}

static int setup_worker_send_binds(int socket, const struct warden_create *create,
				   struct warden_error *err)
{
	struct setup_bind bind;

	for (size_t i = 0; i < create->n_bind_mounts; i++) {
		const struct warden_bind_mount *mount =
			WARDEN_ELEMENT(create->bind_mounts, create->bind_mount_size, i);

		memset(&bind, 0, sizeof(bind));
		bind.writable = mount->writable;
		if (setup_worker_copy_path(bind.src_path, mount->src_path, err) < 0 ||
		    setup_worker_copy_path(bind.dst_path, mount->dst_path, err) < 0)
			return -1;
		if (fd_message_send(socket, &bind, sizeof(bind), NULL, 0) < 0)
			return warden_error_errno(err, "send bind mount %s", mount->dst_path);
	}
	return 0;
}

static int setup_worker_send_request(int socket, const struct linux_container *container,
				     const struct warden_create *create,
				     const struct setup_texts *texts, struct warden_error *err)
{
	if (setup_worker_send_parameters(socket, container, create, texts, err) < 0 ||
	    setup_worker_send_layers(socket, create, err) < 0 ||
	    setup_worker_send_text(socket, texts->hosts, texts->hosts_length, err) < 0 ||
	    setup_worker_send_text(socket, texts->resolv, texts->resolv_length, err) < 0 ||
	    setup_worker_send_text(socket, create->working_dir,
				   create->working_dir ? strlen(create->working_dir) : 0, err) < 0)
		return -1;
	return setup_worker_send_binds(socket, create, err);
}

static int setup_worker_make_and_send_request(int socket, const struct linux_container *container,
					      const struct warden_create *create,
					      struct warden_error *err)
{
	struct setup_texts texts;
	int result = -1;

	if (setup_texts_make(&texts, create, err) == 0)
		result = setup_worker_send_request(socket, container, create, &texts, err);
	setup_texts_free(&texts);
	return result;
}

int setup_worker_begin(struct setup_worker *start, const struct linux_container *container,
		       const struct warden_create *create, struct warden_error *err)
{
	_cleanup_close_ int cgroup = -1;

	start->netns_fd = -1;
	start->rtnl_fd = -1;
	start->socket = -1;
	start->child_pidfd = -1;
	if (cgroup_v2_open(container->cgroup, &cgroup, err) < 0)
		return -1;
	start->socket = linux_spawner_request(container->backend->spawner, create->identity->dir_fd,
					      cgroup, err);
	if (start->socket < 0)
		return -1;
	linux_spawner_limit_sends(container->backend, start->socket);
	if (setup_worker_make_and_send_request(start->socket, container, create, err) == 0)
		return 0;
	setup_worker_close(start);
	return -1;
}

/* Waits for the next message of the set-up. The limit is for a set-up that hangs: each message
 * starts it again. */
static int setup_worker_await_message(const struct setup_worker *start,
				      const struct linux_container *container,
				      struct warden_error *err)
{
	uint32_t seconds = container->backend->host->settings->create_timeout;
	int limit = seconds == 0 || seconds > INT_MAX / 1000 ? -1 : (int)seconds * 1000;
	struct pollfd came = {.fd = start->socket, .events = POLLIN};
	int result;

	do
		result = poll(&came, 1, limit);
	while (result < 0 && errno == EINTR);
	if (result < 0)
		return warden_error_errno(err, "wait for the set-up of %s", container->id);
	if (result == 0)
		return warden_error_set(err, "the set-up of %s made no progress for %u s%s",
					container->id, seconds,
					start->child_pidfd < 0 ? ": the spawner stands still" : "");
	return 0;
}

static void setup_worker_close_fds(int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* Waits for `event` or SETUP_HOOK; writes notes to the log. */
static int setup_worker_receive(struct setup_worker *start, const struct linux_container *container,
				enum setup_event event, struct setup_reply *reply, int *fds,
				size_t n_fds, struct warden_error *err)
{
	const struct warden_host *host = container->backend->host;

	for (;;) {
		ssize_t came;

		if (setup_worker_await_message(start, container, err) < 0)
			return -1;
		came = fd_message_receive(start->socket, reply, sizeof(*reply), fds, n_fds);

		if (came < 0)
			return warden_error_errno(err, "receive from the set-up of %s",
						  container->id);
		if (came != sizeof(*reply))
			return warden_error_set(err,
						"the set-up of %s, or the spawner that was to "
						"start it, was killed",
						container->id);
		if (reply->event == SETUP_FAILED) {
			*err = reply->error;
			return -1;
		}
		if (reply->event == event || reply->event == SETUP_HOOK)
			return 0;
		if (reply->event == SETUP_BEGUN && n_fds > 0)
			start->child_pidfd = fds[0];
		if (reply->event == SETUP_NOTE)
			host->log(host, WARDEN_LOG_WARN, container->id, "%s", reply->error.message);
		if (reply->event == SETUP_TRACE)
			host->log(host, WARDEN_LOG_INFO, container->id, "set-up: %s",
				  reply->error.message);
	}
}

int setup_worker_await_init(struct setup_worker *start, struct linux_container *container,
			    struct warden_error *err)
{
	struct setup_reply reply;
	int fds[STARTED_FDS];

	if (setup_worker_receive(start, container, SETUP_STARTED, &reply, fds, STARTED_FDS, err) <
	    0)
		return -1;
	container->init_pid = reply.pid;
	container->init_pidfd = fds[STARTED_PIDFD];
	start->netns_fd = fds[STARTED_NETNS];
	start->rtnl_fd = fds[STARTED_RTNL];
	return 0;
}

/* Sends `go`. */
static int setup_worker_send_go(const struct setup_worker *start,
				const struct linux_container *container, struct warden_error *err)
{
	if (fd_message_send(start->socket, "", 1, NULL, 0) < 0)
		return warden_error_errno(err, "continue the set-up of %s", container->id);
	return 0;
}

int setup_worker_await_mounts(struct setup_worker *start, struct linux_container *container,
			      const struct warden_create *create, struct warden_error *err)
{
	const struct warden_host *host = container->backend->host;
	struct setup_reply reply;
	int fds[READY_FDS];

	for (;;) {
		if (setup_worker_receive(start, container, SETUP_READY, &reply, fds, READY_FDS,
					 err) < 0)
			return -1;
		if (reply.event == SETUP_READY) {
			container->root_fd = fds[READY_ROOT];
			container->uts_fd = fds[READY_UTS];
			return 0;
		}
		if (hooks_run(host, (enum hook)reply.hook, create->identity, container->init_pid,
			      err) < 0 ||
		    setup_worker_send_go(start, container, err) < 0)
			return -1;
	}
}

int setup_worker_execute(struct setup_worker *start, const struct linux_container *container,
			 struct warden_error *err)
{
	struct setup_reply reply;

	if (setup_worker_send_go(start, container, err) < 0)
		return -1;
	return setup_worker_receive(start, container, SETUP_DONE, &reply, NULL, 0, err);
}

void setup_worker_explain(const struct setup_worker *start, struct warden_error *err)
{
	struct pollfd came = {.fd = start->socket, .events = POLLIN};
	struct setup_reply reply;
	int fds[STARTED_FDS];

	while (start->socket >= 0 && poll(&came, 1, 0) > 0) {
		if (fd_message_receive(start->socket, &reply, sizeof(reply), fds, STARTED_FDS) <= 0)
			return;
		setup_worker_close_fds(fds, STARTED_FDS);
		if (reply.event == SETUP_FAILED)
			*err = reply.error;
	}
}

/* Returns false if no message and no end has come for `ms`. */
static bool setup_worker_discard_message(struct setup_worker *start, int ms, bool *ended)
{
	struct pollfd came = {.fd = start->socket, .events = POLLIN};
	struct setup_reply reply = {.event = SETUP_PROGRESS};
	int fds[STARTED_FDS];

	if (poll(&came, 1, ms) <= 0)
		return false;
	*ended = fd_message_receive(start->socket, &reply, sizeof(reply), fds, STARTED_FDS) <= 0;
	if (!*ended && reply.event == SETUP_BEGUN && start->child_pidfd < 0)
		start->child_pidfd = take_fd(&fds[0]);
	setup_worker_close_fds(fds, STARTED_FDS);
	return true;
}

/* A child that was not forked yet, as the spawner stands still, sees the end of the connection when
 * it begins, and exits. */
bool setup_worker_abandon(struct setup_worker *start)
{
	bool ended = start->socket < 0 || shutdown(start->socket, SHUT_WR) < 0;

	while (!ended && setup_worker_discard_message(start, 0, &ended))
		;
	if (start->child_pidfd >= 0)
		pidfd_send_signal(start->child_pidfd, SIGKILL, NULL, 0); /* ESRCH: it has ended */
	while (!ended && setup_worker_discard_message(start, ABANDON_MS, &ended))
		if (start->child_pidfd >= 0) /* received just now */
			pidfd_send_signal(start->child_pidfd, SIGKILL, NULL, 0);
	ended = ended || start->child_pidfd < 0;
	setup_worker_close(start);
	return ended;
}

void setup_worker_close(struct setup_worker *start)
{
	int *const held[] = {&start->socket, &start->netns_fd, &start->rtnl_fd,
			     &start->child_pidfd};

	for (size_t i = 0; i < ARRAY_SIZE(held); i++) {
		if (*held[i] >= 0)
			close(*held[i]);
		*held[i] = -1;
	}
}
