/* SPDX-License-Identifier: Apache-2.0 */
/* Destroys a fake container. wshd receives a message to end every process and itself, and does so
 * whether this daemon lives on or not. If it does not (it may be frozen) its descendants, then
 * wshd, are killed from here after a while. */
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "backends/fake/fake.h"
#include "backends/wshd/wshd_client.h"
#include "lib/cleanup.h"
#include "lib/process_tree.h"

/* How long wshd has to end by itself, and the time between two rounds of killing, in milliseconds.
 */
enum { PATIENCE_MS = 1000, ROUND_MS = 50 };

/* After so many rounds something else than a signal is needed. */
enum { LATE_ROUND = 20 };
/* The tries to find a wshd, and the time between them in milliseconds. */
enum { FIND_TRIES = 100, FIND_MS = 10 };

static void fake_destroy_add(struct fake_container *container)
{
	struct fake_backend *backend = container->backend;

	pthread_mutex_lock(&backend->mutex);
	container->next = backend->leaving;
	backend->leaving = container;
	pthread_mutex_unlock(&backend->mutex);
}

static void fake_destroy_remove(const struct fake_container *container)
{
	struct fake_backend *backend = container->backend;
	struct fake_container **link = &backend->leaving;

	pthread_mutex_lock(&backend->mutex);
	while (*link && *link != container)
		link = &(*link)->next;
	if (*link)
		*link = container->next;
	pthread_mutex_unlock(&backend->mutex);
}

static void fake_destroy_free(void *data)
{
	struct fake_container *container = data;
	const struct warden_host *host = container->backend->host;
	char id[sizeof(container->id)];

	memcpy(id, container->id, sizeof(id));
	fake_destroy_remove(container);
	fake_container_free(container);
	host->container_gone(host, id);
}

void fake_destroy_finish(struct fake_container *container)
{
	const struct warden_host *host = container->backend->host;

	fake_container_unwatch(container);
	/* A process that moves files may still run, but none of the container. */
	host->processes_ended(host, container->id);
	file_transfers_end(&container->transfers, fake_destroy_free, container);
}

/* Kills the descendants of wshd, and wshd itself if none is left. Its end arrives as an event. */
static void fake_destroy_kill(struct fake_container *container)
{
	_cleanup_close_ int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct warden_host *host = container->backend->host;
	char text[64];

	if (container->round == LATE_ROUND) {
		snprintf(text, sizeof(text), "wshd (process %d) and its descendants to end",
			 container->pid);
		host->waits_for(host, container->id, text);
	}
	if (proc_fd >= 0 &&
	    process_tree_kill(proc_fd, container->pid, container->round++, NULL, NULL) != 0)
		return;
	syscall(SYS_pidfd_send_signal, container->pidfd, SIGKILL, NULL, 0);
}

static void fake_destroy_on_timer(void *data, uint32_t events)
{
	struct fake_container *container = data;
	const struct warden_host *host = container->backend->host;
	uint64_t times;

	(void)events;
	if (read(container->timer_fd, &times, sizeof(times)) < 0)
		return; /* spurious wake-up */
	if (container->pidfd < 0) {
		/* Its socket still listens but nothing answers: the process that holds it inherited
		 * it and is no wshd. */
		host->log(host, WARDEN_LOG_WARN, container->id,
			  "wshd does not answer at its socket");
		if (fake_container_set_ended(container))
			fake_destroy_finish(container);
		return;
	}
	if (container->round == 0)
		host->log(host, WARDEN_LOG_WARN, container->id,
			  "wshd does not end; it is killed with its descendants");
	fake_destroy_kill(container);
}

static int fake_destroy_start_timer(struct fake_container *container, struct warden_error *err)
{
	const struct itimerspec times = {
		.it_value = {.tv_sec = PATIENCE_MS / 1000},
		.it_interval = {.tv_nsec = ROUND_MS * 1000000L},
	};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	container->timer_fd = fd;
	if (fd < 0 || timerfd_settime(fd, 0, &times, NULL) < 0)
		return warden_error_errno(err, "arm a timer");
	container->timer_watch = watcher_add(container->backend->watcher, fd, EPOLLIN,
					     fake_destroy_on_timer, container, err);
	return container->timer_watch ? 0 : -1;
}

/* Connects to wshd if needed. A container that was restored as dead or half made may have a wshd
 * all the same: its pid was not recorded yet, or it was not connected to. */
static int fake_destroy_connect(struct fake_container *container, struct warden_error *err)
{
	if (container->wshd_fd < 0)
		container->wshd_fd = wshd_connect(container->dir_fd, err);
	if (container->wshd_fd < 0 && container->pidfd < 0)
		return -1;
	if (container->wshd_watch || container->pid_watch)
		return 0;
	return fake_container_watch(container, err);
}

/* Makes wshd end and its end arrive as an event. False if there is no wshd. */
static bool fake_destroy_begin(struct fake_container *container)
{
	const struct warden_host *host = container->backend->host;
	struct warden_error err;

	if (container->ended || fake_destroy_connect(container, &err) < 0)
		return false;
	if (fake_destroy_start_timer(container, &err) < 0)
		host->log(host, WARDEN_LOG_WARN, container->id, "%s", err.message);
	if (container->wshd_fd < 0 || wshd_send_end(&container->queue, &err) < 0)
		host->log(host, WARDEN_LOG_WARN, container->id, "%s", err.message);
	return true;
}

/* Finds the wshd of a container of an earlier daemon. If that cannot be told now it is tried again
 * for a while; then wshd is found by its socket. */
static void fake_destroy_find(struct fake_container *container)
{
	const struct timespec pause = {.tv_nsec = FIND_MS * 1000000L};
	struct warden_error err;

	for (int i = 0; i < FIND_TRIES && fake_init_find(container, &err) < 0; i++) {
		if (err.number == ESRCH || err.number == EBADMSG)
			return;
		nanosleep(&pause, NULL); /* a signal shortens it: the next try is earlier */
	}
}

void fake_destroy(void *data)
{
	struct fake_container *container = data;
	bool begun;

	fake_destroy_find(container);

	fake_destroy_add(container);
	/* Its end may arrive at once on the other thread, which frees the container: that waits for
	 * the mutex. */
	pthread_mutex_lock(&container->mutex);
	container->destroying = true;
	begun = fake_destroy_begin(container);
	pthread_mutex_unlock(&container->mutex);
	if (!begun)
		fake_destroy_finish(container);
}
