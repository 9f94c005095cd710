/* SPDX-License-Identifier: Apache-2.0 */
/* The cleanup thread; see cleanup_thread.h. */
#include "backends/linux/run/cleanup_thread.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "backends/linux/cgroup/cgroup.h"
#include "backends/linux/firewall/firewall.h"
#include "backends/linux/net/net.h"
#include "backends/linux/run/container_processes.h"
#include "backends/linux/run/linux_container.h"

/* Delay between two tries, in milliseconds; the longer one after the 100th try. */
#define RETRY_MS      10
#define RETRY_LATE_MS 1000
#define RETRY_LATE    100

/* How long cleanup_thread_drain waits. */
#define DRAIN_MS 5000

struct cleanup_thread {
	struct linux_backend *backend;
	pthread_t thread;
	pthread_mutex_t mutex; /* protects the members below */
	pthread_cond_t changed;
	struct linux_container *first;
	size_t left; /* containers announced and not removed */
	pthread_cond_t drained;
	bool stopping;
};

static struct timespec cleanup_thread_time_after(long ms)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	time.tv_sec += ms / 1000;
	time.tv_nsec += ms % 1000 * 1000000;
	if (time.tv_nsec >= 1000000000) {
		time.tv_sec++;
		time.tv_nsec -= 1000000000;
	}
	return time;
}

static bool cleanup_thread_is_before(const struct timespec *one, const struct timespec *other)
{
	if (one->tv_sec != other->tv_sec)
		return one->tv_sec < other->tv_sec;
	return one->tv_nsec < other->tv_nsec;
}

/* On the network's thread. */
static void cleanup_thread_on_net_removed(void *data)
{
	struct linux_container *container = data;
	struct cleanup_thread *cleanup = container->backend->cleanup;

	pthread_mutex_lock(&cleanup->mutex);
	container->removal.network_gone = true;
	clock_gettime(CLOCK_MONOTONIC, &container->removal.next_try);
	pthread_cond_signal(&cleanup->changed);
	pthread_mutex_unlock(&cleanup->mutex);
}

static void cleanup_thread_begin(struct linux_container *container)
{
	struct linux_backend *backend = container->backend;
	struct warden_error err;

	linux_container_unwatch(container);
	if (firewall_remove(backend->firewall, &container->identity, &err) < 0)
		backend->host->log(backend->host, WARDEN_LOG_ERROR, container->id, "%s",
				   err.message);
	net_remove(backend->net, &container->identity, cleanup_thread_on_net_removed, container);
}

/* Tries to remove the cgroups. Returns the delay until the next try, in milliseconds. */
static long cleanup_thread_remove_cgroup(struct linux_container *container)
{
	struct cleanup_item *removal = &container->removal;
	const struct warden_host *host = container->backend->host;
	struct warden_error err;

	if (cgroup_remove(container->cgroup, &err) == 0) {
		removal->cgroup_gone = true;
		return RETRY_LATE_MS;
	}
	/* Dying processes leave the cgroup by themselves; those outside init's pid namespace are
	 * killed. */
	container_processes_kill_all(container);
	if (++removal->tries == RETRY_LATE || err.number != EBUSY)
		host->log(host, WARDEN_LOG_WARN, container->id, "%s; will be retried", err.message);
	return removal->tries < RETRY_LATE ? RETRY_MS : RETRY_LATE_MS;
}

static void cleanup_thread_finish(struct cleanup_thread *cleanup, struct linux_container *container)
{
	const struct warden_host *host = cleanup->backend->host;
	char id[sizeof(container->id)];

	memcpy(id, container->id, sizeof(id));
	linux_container_free(container);
	host->container_gone(host, id);
}

/* Runs a try for a container. The mutex is held on entry and on return, not during the try. */
static void cleanup_thread_try(struct cleanup_thread *cleanup, struct linux_container *container)
{
	struct cleanup_item *removal = &container->removal;
	long delay = RETRY_LATE_MS;

	pthread_mutex_unlock(&cleanup->mutex);
	if (!removal->begun)
		cleanup_thread_begin(container);
	removal->begun = true;
	if (!removal->cgroup_gone)
		delay = cleanup_thread_remove_cgroup(container);
	pthread_mutex_lock(&cleanup->mutex);
	removal->next_try = cleanup_thread_time_after(delay);
}

/* Finishes a container that is removed, or runs a try for one that is due. Returns false if there
 * is none; `wake` is then the time of the next try. */
static bool cleanup_thread_process_next(struct cleanup_thread *cleanup, struct timespec *wake)
{
	struct timespec now = cleanup_thread_time_after(0);

	*wake = cleanup_thread_time_after(RETRY_LATE_MS);
	for (struct linux_container **at = &cleanup->first; *at; at = &(*at)->removal.next) {
		struct linux_container *container = *at;

		if (container->removal.network_gone && container->removal.cgroup_gone) {
			*at = container->removal.next;
			pthread_mutex_unlock(&cleanup->mutex);
			cleanup_thread_finish(cleanup, container);
			pthread_mutex_lock(&cleanup->mutex);
			if (--cleanup->left == 0)
				pthread_cond_signal(&cleanup->drained);
			return true;
		}
		if (!cleanup_thread_is_before(&now, &container->removal.next_try)) {
			cleanup_thread_try(cleanup, container);
			return true;
		}
		if (cleanup_thread_is_before(&container->removal.next_try, wake))
			*wake = container->removal.next_try;
	}
	return false;
}

static void *cleanup_thread_run(void *data)
{
	struct cleanup_thread *cleanup = data;
	struct timespec wake;

	pthread_mutex_lock(&cleanup->mutex);
	while (!cleanup->stopping)
		if (!cleanup_thread_process_next(cleanup, &wake))
			pthread_cond_timedwait(&cleanup->changed, &cleanup->mutex, &wake);
	pthread_mutex_unlock(&cleanup->mutex);
	return NULL;
}

int cleanup_thread_start(struct linux_backend *backend, struct cleanup_thread **result,
			 struct warden_error *err)
{
	struct cleanup_thread *cleanup = calloc(1, sizeof(*cleanup));
	pthread_condattr_t attributes;
	sigset_t all, before;
	int number;

	if (!cleanup)
		return warden_error_errno(err, "allocate the cleanup thread");
	cleanup->backend = backend;
	pthread_mutex_init(&cleanup->mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&cleanup->changed, &attributes);
	pthread_cond_init(&cleanup->drained, &attributes);
	pthread_condattr_destroy(&attributes);
	/* Signals are handled by other threads of the daemon. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	number = pthread_create(&cleanup->thread, NULL, cleanup_thread_run, cleanup);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (number != 0) {
		errno = number;
		warden_error_errno(err, "start the cleanup thread");
		free(cleanup);
		return -1;
	}
	*result = cleanup;
	return 0;
}

void cleanup_thread_announce(struct cleanup_thread *cleanup)
{
	pthread_mutex_lock(&cleanup->mutex);
	cleanup->left++;
	pthread_mutex_unlock(&cleanup->mutex);
}

void cleanup_thread_put(struct cleanup_thread *cleanup, struct linux_container *container)
{
	pthread_mutex_lock(&cleanup->mutex);
	container->removal = (struct cleanup_item){.next = cleanup->first};
	cleanup->first = container;
	pthread_cond_signal(&cleanup->changed);
	pthread_mutex_unlock(&cleanup->mutex);
}

void cleanup_thread_drain(struct cleanup_thread *cleanup)
{
	struct timespec until = cleanup_thread_time_after(DRAIN_MS);
	int result = 0;

	pthread_mutex_lock(&cleanup->mutex);
	while (cleanup->left > 0 && result == 0)
		result = pthread_cond_timedwait(&cleanup->drained, &cleanup->mutex, &until);
	pthread_mutex_unlock(&cleanup->mutex);
}

void cleanup_thread_stop(struct cleanup_thread *cleanup)
{
	if (!cleanup)
		return;
	pthread_mutex_lock(&cleanup->mutex);
	cleanup->stopping = true;
	pthread_cond_signal(&cleanup->changed);
	pthread_mutex_unlock(&cleanup->mutex);
	pthread_join(cleanup->thread, NULL);
	if (cleanup->first)
		return; /* not freed: the network's thread may still use it */
	pthread_cond_destroy(&cleanup->changed);
	pthread_cond_destroy(&cleanup->drained);
	pthread_mutex_destroy(&cleanup->mutex);
	free(cleanup);
}
