/* SPDX-License-Identifier: Apache-2.0 */
/* A fake container in memory, and the events from its wshd. */
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "backends/fake/fake.h"
#include "backends/wshd/wshd_client.h"
#include "lib/cleanup.h"

/* One-shot: an ended process is readable for ever, and its watch is removed with the container. */
enum { EVENTS = EPOLLIN | EPOLLONESHOT };

struct fake_container *fake_container_new(struct fake_backend *backend,
					  const struct warden_identity *identity,
					  struct warden_error *err)
{
	struct fake_container *container = calloc(1, sizeof(*container));

	if (!container) {
		warden_error_errno(err, "make container %s", identity->id);
		return NULL;
	}
	container->backend = backend;
	snprintf(container->id, sizeof(container->id), "%s", identity->id);
	container->dir_fd = identity->dir_fd;
	container->pidfd = container->wshd_fd = container->timer_fd = -1;
	wshd_queue_init(&container->queue, &container->wshd_fd);
	file_transfers_init(&container->transfers, backend->host, backend->watcher, container->id);
	pthread_mutex_init(&container->mutex, NULL);
	fake_limits_begin(container);
	return container;
}

void fake_container_free(struct fake_container *container)
{
	wshd_queue_free(&container->queue);
	wshd_list_free(&container->listed);
	cleanup_close(&container->pidfd);
	cleanup_close(&container->wshd_fd);
	cleanup_close(&container->timer_fd);
	file_transfers_free(&container->transfers);
	pthread_mutex_destroy(&container->mutex);
	free(container);
}

/* Takes a watch out of the container, so that only one thread removes it. */
static struct watch *fake_container_take_watch(struct fake_container *container,
					       struct watch **watch)
{
	pthread_mutex_t *locked _cleanup_unlock_ = &container->mutex;

	pthread_mutex_lock(locked);
	return take_pointer(*watch);
}

void fake_container_unwatch(struct fake_container *container)
{
	watch_remove(fake_container_take_watch(container, &container->pid_watch));
	wshd_queue_set_watch(&container->queue, NULL, 0);
	watch_remove(fake_container_take_watch(container, &container->wshd_watch));
	watch_remove(fake_container_take_watch(container, &container->timer_watch));
}

/* After this an operation may find it ended and free it; that waits for the end of the running
 * callback. */
bool fake_container_set_ended(struct fake_container *container)
{
	pthread_mutex_t *locked _cleanup_unlock_ = &container->mutex;

	pthread_mutex_lock(locked);
	container->ended = true;
	return container->destroying;
}

/* wshd has ended. */
static void fake_container_on_pidfd(void *data, uint32_t events)
{
	struct fake_container *container = data;
	const struct warden_host *host = container->backend->host;

	(void)events;
	fake_init_reap(container);
	if (fake_container_set_ended(container))
		fake_destroy_finish(container);
	else
		host->init_died(host, container->id);
}

/* The connection to wshd is lost: the container is of no use. */
static void fake_container_on_lost_connection(struct fake_container *container,
					      const struct warden_error *err)
{
	const struct warden_host *host = container->backend->host;

	if (container->pidfd < 0) {
		/* Its wshd was found only by its socket, in order to end it. */
		if (fake_container_set_ended(container))
			fake_destroy_finish(container);
		return;
	}
	if (err->number != ECONNRESET)
		host->log(host, WARDEN_LOG_ERROR, container->id, "%s", err->message);
	/* wshd has ended, or its keepers end all jobs after this. */
	syscall(SYS_pidfd_send_signal, container->pidfd, SIGKILL, NULL, 0);
}

static void fake_container_report_event(const struct fake_container *container,
					const struct wshd_event *event)
{
	const struct warden_host *host = container->backend->host;

	if (event->type == WSHD_ENDED)
		host->job_ended(host, container->id, event->job_id, &event->end);
	else if (event->type == WSHD_EMPTY)
		host->container_empty(host, container->id);
}

/* Waits for the next event, unless an operation is about to remove the watch. */
static void fake_container_rearm_wshd(struct fake_container *container)
{
	const struct warden_host *host = container->backend->host;
	pthread_mutex_t *locked _cleanup_unlock_ = &container->mutex;
	struct warden_error err;

	pthread_mutex_lock(locked);
	if (container->wshd_watch && wshd_queue_rearm(&container->queue, &err) < 0)
		host->log(host, WARDEN_LOG_ERROR, container->id, "%s", err.message);
}

static void fake_container_on_wshd(void *data, uint32_t events)
{
	struct fake_container *container = data;
	struct warden_error err;
	struct wshd_event event;
	int got;

	if (events & EPOLLOUT)
		wshd_queue_flush(&container->queue);
	while ((got = wshd_receive(container->wshd_fd, &event, &err)) == 1)
		fake_container_report_event(container, &event);
	if (got < 0)
		fake_container_on_lost_connection(container, &err);
	else
		fake_container_rearm_wshd(container);
}

int fake_container_watch(struct fake_container *container, struct warden_error *err)
{
	struct watcher *watcher = container->backend->watcher;

	if (container->wshd_fd >= 0) {
		container->wshd_watch = watcher_add(watcher, container->wshd_fd, EVENTS,
						    fake_container_on_wshd, container, err);
		if (!container->wshd_watch)
			return -1;
		wshd_queue_set_watch(&container->queue, container->wshd_watch, EVENTS);
	}
	if (container->pidfd >= 0) {
		container->pid_watch = watcher_add(watcher, container->pidfd, EVENTS,
						   fake_container_on_pidfd, container, err);
		if (!container->pid_watch)
			return -1;
	}
	return 0;
}
