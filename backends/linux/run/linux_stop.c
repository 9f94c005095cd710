/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stop: sends a signal to all processes except the container's own, and calls container_empty when
 * none is left. SIGKILL is sent from here, in rounds, and does not depend on wshd. Any other signal
 * is sent by wshd: it handles the request after earlier spawns and stops all jobs while it
 * signals, so it misses no new process; this file only waits for their exit. Forks are forbidden
 * during a stop with SIGKILL and after it until wshd has reported the end of every job: one that it
 * reads late does not start. The first round runs
 * on the worker; each later one runs on the watcher's thread when the processes found by the
 * previous round have ended, until a round finds none.
 */
#include "backends/linux/run/linux_stop.h"

#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "backends/linux/cgroup/cgroup.h"
#include "backends/linux/linux_operations.h"
#include "backends/wshd/wshd_client.h"
#include "lib/watcher.h"

/* A job just spawned may have no process yet. While jobs have not ended, an empty container is
 * checked again after PAUSE_MS milliseconds, at most PAUSES times: wshd may not run at all. */
#define PAUSE_MS 5
#define PAUSES   200

/* Limit of searches in one round. */
#define ROUNDS_AT_ONCE 16

static void linux_stop_on_event(void *data, uint32_t events);

/* Closes the pidfds of processes that have ended. Returns the number of remaining ones. */
static size_t linux_stop_drop_ended(struct container_processes *processes)
{
	struct pollfd polls[PROCESSES_MAX];
	size_t left = 0;

	for (size_t i = 0; i < processes->n; i++)
		polls[i] = (struct pollfd){.fd = processes->fds[i], .events = POLLIN};
	if (processes->n > 0 && poll(polls, processes->n, 0) < 0)
		return processes->n;
	for (size_t i = 0; i < processes->n; i++) {
		if (polls[i].revents != 0)
			close(polls[i].fd);
		else
			processes->fds[left++] = polls[i].fd;
	}
	processes->n = left;
	return left;
}

static int linux_stop_watch_fd(struct linux_container *container, int fd, struct warden_error *err)
{
	container->stop.watch = watcher_add(container->backend->watcher, fd, EPOLLIN,
					    linux_stop_on_event, container, err);
	return container->stop.watch ? 0 : -1;
}

static int linux_stop_set_timer(int timer_fd, long nanoseconds)
{
	struct itimerspec time = {.it_value.tv_nsec = nanoseconds};

	return timerfd_settime(timer_fd, 0, &time, NULL);
}

static int linux_stop_start_timer(struct linux_container *container, struct warden_error *err)
{
	struct linux_stop *stop = &container->stop;

	stop->pauses++;
	stop->paused = true;
	if (stop->timer_fd < 0)
		stop->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (stop->timer_fd < 0 || linux_stop_set_timer(stop->timer_fd, PAUSE_MS * 1000000L) < 0)
		return warden_error_errno(err, "set the timer of a stop");
	return linux_stop_watch_fd(container, stop->timer_fd, err);
}

/* Allows forks after a stop with SIGKILL once no job is to start any more. The mutex is held. */
static void linux_stop_allow_forks(struct linux_container *container)
{
	const struct warden_host *host = container->backend->host;
	struct linux_stop *stop = &container->stop;
	struct warden_error err;

	if (!stop->forbids_forks || stop->signal == SIGKILL ||
	    (container->jobs > 0 && !container->init_ended))
		return;
	stop->forbids_forks = false;
	if (cgroup_forbid_forks(container->cgroup, false, &err) < 0)
		host->log(host, WARDEN_LOG_WARN, container->id, "%s", err.message);
}

void linux_stop_jobs_ended(struct linux_container *container)
{
	if (container->stop.paused)
		/* If this fails the timer expires at its own time. */
		linux_stop_set_timer(container->stop.timer_fd, 1);
	linux_stop_allow_forks(container);
}

int linux_stop_restore(struct linux_container *container, bool stopped, struct warden_error *err)
{
	container->stop.forbids_forks = stopped && cgroup_forbids_forks(container->cgroup);
	return container->stop.forbids_forks ? 0
					     : cgroup_forbid_forks(container->cgroup, false, err);
}

/* Searches until it finds live processes, or none at all: a process that ends during a search may
 * leave children. */
static int linux_stop_find_processes(struct linux_container *container, struct warden_error *err)
{
	struct container_processes *processes = &container->stop.processes;
	int signal = container->stop.signal == SIGKILL ? SIGKILL : 0;

	for (int i = 0; i < ROUNDS_AT_ONCE; i++) {
		if (container_processes_signal(container, signal, processes, err) < 0)
			return -1;
		if (processes->n > 0 || !processes->seen)
			return 0;
	}
	return 0;
}

/* Whether to search again later: a spawned job has no process yet, or processes fork and exit
 * faster than they are found. */
static bool linux_stop_must_retry(const struct linux_container *container)
{
	const struct linux_stop *stop = &container->stop;

	if (stop->processes.n > 0)
		return false;
	return stop->processes.seen ||
	       (container->jobs > 0 && !container->init_ended && stop->pauses < PAUSES);
}

/* Waits for processes that were found, or searches for more. Returns 1 if the container is empty, 0
 * if the stop waits. The mutex is held. */
static int linux_stop_run_round(struct linux_container *container, struct warden_error *err)
{
	struct linux_stop *stop = &container->stop;

	if (linux_stop_drop_ended(&stop->processes) == 0) {
		if (linux_stop_find_processes(container, err) < 0)
			return -1;
		if (linux_stop_must_retry(container))
			return linux_stop_start_timer(container, err);
	}
	return stop->processes.n == 0 ? 1
				      : linux_stop_watch_fd(container, stop->processes.fds[0], err);
}

/* Forbids forks. First the mark, so that no job takes that for its limit; it fails only if process
 * 1 has ended. */
static int linux_stop_forbid_forks(struct linux_container *container, struct warden_error *err)
{
	if (container->init_pidfd >= 0)
		(void)pidfd_send_signal(container->init_pidfd, WSHD_STOP_MARK, NULL, 0);
	container->stop.forbids_forks = true;
	return cgroup_forbid_forks(container->cgroup, true, err);
}

/* For SIGKILL forbids forks, as no process may remain; other signals are sent by wshd. A container
 * whose first process has ended has no processes. */
static int linux_stop_send_signal(struct linux_container *container, int signal,
				  struct warden_error *err)
{
	if (signal == SIGKILL)
		return linux_stop_forbid_forks(container, err);
	return container->wshd_fd >= 0 && !container->init_ended
		       ? wshd_send_stop(&container->queue, signal, err)
		       : 0;
}

/* KILL did not end them: they wait for the kernel, or somebody has frozen them. */
static void linux_stop_report_survivors(struct linux_container *container)
{
	const struct warden_host *host = container->backend->host;
	struct warden_error err;
	char text[256];

	if (cgroup_is_frozen(container->cgroup) &&
	    cgroup_freeze(container->cgroup, false, &err) < 0)
		host->log(host, WARDEN_LOG_WARN, container->id, "%s", err.message);
	container_processes_describe(container, text, sizeof(text));
	host->waits_for(host, container->id, text);
}

static int linux_stop_begin(struct linux_container *container, int signal, struct warden_error *err)
{
	struct linux_stop *stop = &container->stop;
	bool again = signal == SIGKILL && stop->signal == SIGKILL;
	int result;

	container_processes_close(&stop->processes);
	stop->signal = signal;
	stop->pauses = 0;
	stop->paused = false;
	if (linux_stop_send_signal(container, signal, err) < 0)
		return -1;
	result = linux_stop_run_round(container, err);
	if (again && result == 0)
		linux_stop_report_survivors(container);
	return result;
}

/* Ends a stop unless the result of linux_stop_begin or linux_stop_run_round is 0 (it waits). The
 * mutex is held. */
static void linux_stop_finish(struct linux_container *container, int result)
{
	if (result == 0)
		return;
	container->stop.signal = 0;
	linux_stop_allow_forks(container);
}

/* Runs on the watcher's thread. */
static void linux_stop_on_event(void *data, uint32_t events)
{
	struct linux_container *container = data;
	const struct warden_host *host = container->backend->host;
	struct linux_stop *stop = &container->stop;
	struct warden_error err;
	int result = 0;
	char id[sizeof(container->id)];

	(void)events;
	memcpy(id, container->id, sizeof(id));
	pthread_mutex_lock(&container->mutex);
	if (stop->watch) {
		stop->paused = false;
		watch_remove(stop->watch);
		stop->watch = NULL;
		result = linux_stop_run_round(container, &err);
		linux_stop_finish(container, result);
	}
	pthread_mutex_unlock(&container->mutex);
	if (result < 0)
		host->log(host, WARDEN_LOG_ERROR, id, "stop: %s", err.message);
	if (result != 0)
		host->container_empty(host, id);
}

/* Removes the watch of a stop in progress. Returns with the mutex locked. */
static void linux_stop_cancel_and_lock(struct linux_container *container)
{
	for (;;) {
		struct watch *watch;

		pthread_mutex_lock(&container->mutex);
		watch = container->stop.watch;
		container->stop.watch = NULL;
		if (!watch)
			return;
		pthread_mutex_unlock(&container->mutex);
		watch_remove(watch);
	}
}

void linux_stop_cancel(struct linux_container *container)
{
	linux_stop_cancel_and_lock(container);
	container_processes_close(&container->stop.processes);
	container->stop.signal = 0;
	pthread_mutex_unlock(&container->mutex);
}

int linux_stop(void *data, int signal, struct warden_error *err)
{
	struct linux_container *container = data;
	const struct warden_host *host = container->backend->host;
	int result;

	linux_stop_cancel_and_lock(container);
	result = linux_stop_begin(container, signal, err);
	linux_pause_end(container); /* frozen processes get the signal, wshd its message */
	linux_stop_finish(container, result);
	pthread_mutex_unlock(&container->mutex);
	if (result > 0)
		host->container_empty(host, container->id);
	return result < 0 ? -1 : 0;
}
