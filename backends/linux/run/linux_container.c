/* SPDX-License-Identifier: Apache-2.0 */
/* Allocates and frees containers, and handles their events; see linux_container.h. */
#include "backends/linux/run/linux_container.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "backends/linux/cgroup/cgroup.h"
#include "backends/linux/net/net.h"
#include "backends/linux/run/cleanup_thread.h"
#include "backends/linux/run/linux_stop.h"
#include "backends/linux/seccomp/seccomp.h"
#include "backends/wshd/wshd_client.h"
#include "lib/cleanup.h"
#include "lib/trace.h"
#include "lib/watcher.h"

struct linux_container *linux_container_new(struct linux_backend *backend,
					    const struct warden_identity *identity,
					    struct warden_error *err)
{
	struct linux_container *container = calloc(1, sizeof(*container));

	if (!container) {
		warden_error_errno(err, "make container %s", identity->id);
		return NULL;
	}
	snprintf(container->id, sizeof(container->id), "%s", identity->id);
	container->backend = backend;
	container->identity = *identity;
	container->identity.id = container->id;
	container->identity.path = NULL;
	container->base = linux_base(backend->host->settings, identity->slot);
	container->init_pidfd = -1;
	container->wshd_fd = -1;
	container->root_fd = container->uts_fd = -1;
	wshd_queue_init(&container->queue, &container->wshd_fd);
	container->stop.timer_fd = -1;
	file_transfers_init(&container->transfers, backend->host, backend->watcher, container->id);
	container->oom.cgroup.fd = -1;
	container->rate = container->burst = NET_NO_RATE;
	pthread_mutex_init(&container->mutex, NULL);
	return container;
}

void linux_container_free(struct linux_container *container)
{
	const int fds[] = {container->init_pidfd, container->wshd_fd, container->root_fd,
			   container->uts_fd, container->stop.timer_fd};

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	wshd_queue_free(&container->queue);
	container_processes_close(&container->stop.processes);
	cgroup_free(container->cgroup);
	free(container->job_groups.ids);
	wshd_list_free(&container->listed);
	file_transfers_free(&container->transfers);
	trace_free(container->trace);
	pthread_mutex_destroy(&container->mutex);
	free(container);
}

static void linux_container_put_to_cleanup(void *data)
{
	struct linux_container *container = data;

	cleanup_thread_put(container->backend->cleanup, container);
}

void linux_container_queue_cleanup(struct linux_container *container)
{
	file_transfers_end(&container->transfers, linux_container_put_to_cleanup, container);
}

int linux_container_connect(struct linux_container *container, struct warden_error *err)
{
	const struct wshd_program program =
		seccomp_get_program(container->backend->seccomp, container->profile,
				    container->identity.writable_mounts);

	container->wshd_fd = wshd_connect(container->identity.dir_fd, err);
	return container->wshd_fd < 0 ? -1 : wshd_send_filter(container->wshd_fd, &program, err);
}

/* Takes a watch out of the container; the caller removes it. */
static struct watch *linux_container_take_watch(struct linux_container *container,
						struct watch **watch)
{
	struct watch *taken;

	pthread_mutex_lock(&container->mutex);
	taken = *watch;
	*watch = NULL;
	pthread_mutex_unlock(&container->mutex);
	return taken;
}

/* Runs on the watcher's thread. Once the mutex is unlocked the container may be freed: a destroy
 * that finds init_ended set does not wait for this function. */
static void linux_container_on_init_end(void *data, uint32_t events)
{
	struct linux_container *container = data;
	struct linux_backend *backend = container->backend;
	struct watch *watch;
	bool destroying;
	char id[sizeof(container->id)];

	(void)events;
	memcpy(id, container->id, sizeof(id));
	pthread_mutex_lock(&container->mutex);
	watch = container->init_watch;
	container->init_watch = NULL;
	destroying = container->destroying;
	if (watch)
		container->init_ended = true;
	pthread_mutex_unlock(&container->mutex);
	if (!watch)
		return; /* the code that took it waits for this function in watch_remove */
	watch_remove(watch);
	if (destroying) {
		backend->host->processes_ended(backend->host, id);
		linux_container_queue_cleanup(container);
	} else
		backend->host->init_died(backend->host, id);
}

static void linux_container_on_job_end(struct linux_container *container,
				       const struct wshd_event *event)
{
	const struct warden_host *host = container->backend->host;
	struct warden_job_end end = event->end;

	linux_job_complete_end(container, event, &end);

	pthread_mutex_lock(&container->mutex);
	if (container->jobs > 0)
		container->jobs--;
	if (container->jobs == 0)
		linux_stop_jobs_ended(container);
	pthread_mutex_unlock(&container->mutex);
	host->job_ended(host, container->id, event->job_id, &end);
}

static void linux_container_unwatch_wshd(struct linux_container *container)
{
	wshd_queue_set_watch(&container->queue, NULL, 0);
	watch_remove(linux_container_take_watch(container, &container->wshd_watch));
}

/* The connection to wshd is closed, or wshd broke the protocol: the container is unusable, so kill
 * its first process, whose exit reports the end of the container. Once the watch is taken the
 * container may be freed. */
static void linux_container_kill_init(struct linux_container *container, const char *reason)
{
	const struct warden_host *host = container->backend->host;

	host->log(host, WARDEN_LOG_DEBUG, container->id, "wshd: %s", reason);
	if (container->init_pidfd >= 0)
		pidfd_send_signal(container->init_pidfd, SIGKILL, NULL,
				  0); /* ESRCH: it has ended */
	linux_container_unwatch_wshd(container);
}

/* Limit of messages per event, so that other containers are served in between. */
#define MESSAGES_AT_ONCE 64

static void linux_container_on_wshd(void *data, uint32_t events)
{
	struct linux_container *container = data;
	struct warden_error err;
	struct wshd_event event;

	if (events & EPOLLOUT)
		wshd_queue_flush(&container->queue);
	for (int i = 0; i < MESSAGES_AT_ONCE; i++) {
		switch (wshd_receive(container->wshd_fd, &event, &err)) {
		case 0:
			return;
		case 1:
			if (event.type == WSHD_ENDED)
				linux_container_on_job_end(container, &event);
			break;
		default:
			linux_container_kill_init(container, err.message);
			return;
		}
	}
}

int linux_container_watch(struct linux_container *container, struct warden_error *err)
{
	struct watcher *watcher = container->backend->watcher;
	int result = 0;

	/* A callback that runs at once waits for the mutex, so it sees the pointer. */
	pthread_mutex_lock(&container->mutex);
	if (container->init_pidfd >= 0 && !container->init_watch && !container->init_ended) {
		container->init_watch = watcher_add(watcher, container->init_pidfd, EPOLLIN,
						    linux_container_on_init_end, container, err);
		result = container->init_watch ? 0 : -1;
	}
	if (result == 0 && container->wshd_fd >= 0) {
		container->wshd_watch = watcher_add(watcher, container->wshd_fd, EPOLLIN,
						    linux_container_on_wshd, container, err);
		result = container->wshd_watch ? 0 : -1;
		wshd_queue_set_watch(&container->queue, container->wshd_watch, EPOLLIN);
	}
	pthread_mutex_unlock(&container->mutex);
	return result;
}

bool linux_container_has_ended(struct linux_container *container)
{
	struct pollfd end = {.fd = container->init_pidfd, .events = POLLIN};
	bool ended;

	pthread_mutex_lock(&container->mutex);
	ended = container->init_ended;
	pthread_mutex_unlock(&container->mutex);
	/* The watcher may not have seen it yet. */
	return ended || (end.fd >= 0 && poll(&end, 1, 0) > 0);
}

void linux_container_unwatch(struct linux_container *container)
{
	watch_remove(linux_container_take_watch(container, &container->init_watch));
	linux_container_unwatch_wshd(container);
	oom_watch_close(container);
	linux_stop_cancel(container);
}
