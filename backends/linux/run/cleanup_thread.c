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
#include "lib/trace.h"

/* Delay between two tries, in milliseconds; the longer one after the 100th try. */
#define RETRY_MS      10
#define RETRY_LATE_MS 1000
#define RETRY_LATE    100

/* How long the first process and the transfers of a destroyed container may take to end before that
 * is reported, and the time between two reports, in milliseconds. */
#define ENDING_MS 1000
#define REPORT_MS 10000

/* How long cleanup_thread_drain waits. */
#define DRAIN_MS 5000

struct cleanup_thread {
	struct linux_backend *backend;
	pthread_t thread;
	pthread_mutex_t mutex; /* protects the members below */
	pthread_cond_t changed;
	struct linux_container *first;
	struct linux_container *ending; /* announced, and not passed yet */
	size_t left;                    /* containers announced, not removed and not late */
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

/* The mutex is not held. */
static void cleanup_thread_report(struct cleanup_thread *cleanup, struct linux_container *container,
				  const char *text)
{
	const struct warden_host *host = cleanup->backend->host;

	host->waits_for(host, container->id, text);
	pthread_mutex_lock(&cleanup->mutex);
	if (!container->removal.late && --cleanup->left == 0)
		pthread_cond_signal(&cleanup->drained);
	container->removal.late = true;
	pthread_mutex_unlock(&cleanup->mutex);
}

/* Removes the firewall's entries, then the links. */
static void cleanup_thread_remove_network(struct cleanup_thread *cleanup,
					  struct linux_container *container)
{
	struct linux_backend *backend = container->backend;
	struct cleanup_item *removal = &container->removal;
	struct warden_error err;

	if (!removal->firewall_gone) {
		linux_container_unwatch(container);
		if (firewall_remove(backend->firewall, &container->identity, &err) < 0) {
			cleanup_thread_report(cleanup, container, err.message);
			return;
		}
	}
	if (!removal->firewall_gone)
		trace_step(container->trace, "destroy", "firewall", container->id);
	removal->firewall_gone = true;
	removal->network_begun = net_remove(backend->net, &container->identity,
					    cleanup_thread_on_net_removed, container, &err) == 0;
	if (!removal->network_begun)
		cleanup_thread_report(cleanup, container, err.message);
}

/* Dying processes leave the cgroup by themselves; those outside init's pid namespace are killed. */
static void cleanup_thread_remove_cgroup(struct cleanup_thread *cleanup,
					 struct linux_container *container)
{
	struct cleanup_item *removal = &container->removal;
	struct warden_error err;
	char text[256];

	if (cgroup_remove(container->cgroup, &err) == 0) {
		removal->cgroup_gone = true;
		trace_step(container->trace, "destroy", "cgroup", container->id);
		return;
	}
	container_processes_kill_all(container);
	if (err.number != EBUSY) {
		cleanup_thread_report(cleanup, container, err.message);
	} else if (removal->tries >= RETRY_LATE) {
		container_processes_describe(container, text, sizeof(text));
		cleanup_thread_report(cleanup, container, text);
	}
}

static void cleanup_thread_finish(struct cleanup_thread *cleanup, struct linux_container *container)
{
	const struct warden_host *host = cleanup->backend->host;
	char id[sizeof(container->id)];

	memcpy(id, container->id, sizeof(id));
	trace_step(container->trace, "destroy", "links", id);
	if (container->trace)
		host->log(host, WARDEN_LOG_INFO, id, "destroy in the backend: %s",
			  trace_text(container->trace));
	linux_container_free(container);
	host->container_gone(host, id);
}

/* Runs a try for a container. The mutex is held on entry and on return, not during the try. */
static void cleanup_thread_try(struct cleanup_thread *cleanup, struct linux_container *container)
{
	struct cleanup_item *removal = &container->removal;
	bool failed;

	pthread_mutex_unlock(&cleanup->mutex);
	if (removal->tries == 0)
		trace_step(container->trace, "destroy", "processes", container->id);
	if (!removal->network_begun)
		cleanup_thread_remove_network(cleanup, container);
	if (!removal->cgroup_gone)
		cleanup_thread_remove_cgroup(cleanup, container);
	failed = !removal->network_begun || !removal->cgroup_gone;
	if (failed)
		removal->tries++;
	pthread_mutex_lock(&cleanup->mutex);
	removal->next_try = cleanup_thread_time_after(
		failed && removal->tries < RETRY_LATE ? RETRY_MS : RETRY_LATE_MS);
}

/* Reports a container whose processes or transfers do not end. The mutex is held: the container
 * cannot be passed on, and so not be freed, meanwhile. */
static void cleanup_thread_check_ending(struct cleanup_thread *cleanup)
{
	const struct warden_host *host = cleanup->backend->host;
	struct timespec now = cleanup_thread_time_after(0);
	char text[256];

	for (struct linux_container *at = cleanup->ending; at; at = at->removal.next) {
		if (cleanup_thread_is_before(&now, &at->removal.next_try))
			continue;
		/* A process 1 that closes a file of FUSE waits for the file's server, which may
		 * look like one of ours. */
		container_processes_kill_all(at);
		container_processes_describe(at, text, sizeof(text));
		host->waits_for(host, at->id, text);
		if (!at->removal.late && --cleanup->left == 0)
			pthread_cond_signal(&cleanup->drained);
		at->removal.late = true;
		at->removal.next_try = cleanup_thread_time_after(REPORT_MS);
	}
}

/* Finishes a container that is removed, or runs a try for one that is due. Returns false if there
 * is none; `wake` is then the time of the next try. */
static bool cleanup_thread_process_next(struct cleanup_thread *cleanup, struct timespec *wake)
{
	struct timespec now = cleanup_thread_time_after(0);
	bool late;

	*wake = cleanup_thread_time_after(RETRY_LATE_MS);
	for (struct linux_container **at = &cleanup->first; *at; at = &(*at)->removal.next) {
		struct linux_container *container = *at;

		if (container->removal.network_gone && container->removal.cgroup_gone) {
			*at = container->removal.next;
			late = container->removal.late;
			pthread_mutex_unlock(&cleanup->mutex);
			cleanup_thread_finish(cleanup, container);
			pthread_mutex_lock(&cleanup->mutex);
			if (!late && --cleanup->left == 0)
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
	while (!cleanup->stopping) {
		cleanup_thread_check_ending(cleanup);
		if (!cleanup_thread_process_next(cleanup, &wake))
			pthread_cond_timedwait(&cleanup->changed, &cleanup->mutex, &wake);
	}
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

void cleanup_thread_announce(struct cleanup_thread *cleanup, struct linux_container *container)
{
	pthread_mutex_lock(&cleanup->mutex);
	cleanup->left++;
	container->removal = (struct cleanup_item){
		.next = cleanup->ending,
		.next_try = cleanup_thread_time_after(ENDING_MS),
	};
	cleanup->ending = container;
	pthread_mutex_unlock(&cleanup->mutex);
}

void cleanup_thread_put(struct cleanup_thread *cleanup, struct linux_container *container)
{
	struct linux_container **at = &cleanup->ending;

	pthread_mutex_lock(&cleanup->mutex);
	while (*at != container)
		at = &(*at)->removal.next;
	*at = container->removal.next;
	container->removal =
		(struct cleanup_item){.next = cleanup->first, .late = container->removal.late};
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
