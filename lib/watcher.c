/* SPDX-License-Identifier: Apache-2.0 */
/* The watcher's thread; see watcher.h. epoll returns the number of a slot and its generation
 * instead of a pointer. The generation changes whenever a slot is freed, so an event that was
 * already returned when its watch was removed finds no watch. */
#include "lib/watcher.h"

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/cleanup.h"

struct watch {
	struct watcher *watcher;
	uint32_t index;
	int fd;
	watcher_fn *fn;
	void *data;
};

struct watcher_slot {
	struct watch *watch; /* NULL: free */
	uint32_t generation;
};

struct watcher {
	pthread_t thread;
	int epoll_fd, wake_fd;
	pthread_mutex_t mutex; /* protects all members below */
	pthread_cond_t done;   /* a callback has ended */
	struct watcher_slot *slots;
	uint32_t n_slots;
	const struct watch *running; /* the watch whose callback runs */
};

/* The number of the eventfd that ends the thread. No slot has generation 0, so no watch has it. */
#define WAKE_NUMBER UINT64_C(0)

static uint64_t watch_number(const struct watch *watch)
{
	uint32_t generation = watch->watcher->slots[watch->index].generation;

	return (uint64_t)generation << 32 | watch->index;
}

/* Finds the watch of an event; NULL if it has been removed meanwhile. */
static struct watch *watch_find(const struct watcher *watcher, uint64_t number)
{
	const struct watcher_slot *slot = &watcher->slots[(uint32_t)number];

	return slot->generation == number >> 32 ? slot->watch : NULL;
}

static void watcher_dispatch(struct watcher *watcher, const struct epoll_event *event)
{
	struct watch *watch;

	pthread_mutex_lock(&watcher->mutex);
	watch = watch_find(watcher, event->data.u64);
	if (watch) {
		watcher_fn *fn = watch->fn;
		void *data = watch->data; /* the callback may free the watch */

		watcher->running = watch;
		pthread_mutex_unlock(&watcher->mutex);
		fn(data, event->events);
		pthread_mutex_lock(&watcher->mutex);
		watcher->running = NULL;
		pthread_cond_broadcast(&watcher->done);
	}
	pthread_mutex_unlock(&watcher->mutex);
}

static void *watcher_run(void *data)
{
	struct watcher *watcher = data;

	for (;;) {
		struct epoll_event events[16];
		int n = epoll_wait(watcher->epoll_fd, events, 16, -1);

		for (int i = 0; i < n; i++) {
			if (events[i].data.u64 == WAKE_NUMBER)
				return NULL;
			watcher_dispatch(watcher, &events[i]);
		}
	}
}

/* The daemon handles signals on its main thread. */
static int watcher_start_thread(struct watcher *watcher)
{
	sigset_t all, saved;
	int result;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &saved);
	result = pthread_create(&watcher->thread, NULL, watcher_run, watcher);
	pthread_sigmask(SIG_SETMASK, &saved, NULL);
	return result;
}

static void watcher_release(struct watcher *watcher)
{
	for (uint32_t i = 0; i < watcher->n_slots; i++)
		free(watcher->slots[i].watch);
	if (watcher->epoll_fd >= 0)
		close(watcher->epoll_fd);
	if (watcher->wake_fd >= 0)
		close(watcher->wake_fd);
	pthread_cond_destroy(&watcher->done);
	pthread_mutex_destroy(&watcher->mutex);
	free(watcher->slots);
	free(watcher);
}

struct watcher *watcher_new(struct warden_error *err)
{
	struct watcher *watcher = calloc(1, sizeof(*watcher));
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = WAKE_NUMBER};

	if (!watcher) {
		warden_error_errno(err, "create the watcher");
		return NULL;
	}
	pthread_mutex_init(&watcher->mutex, NULL);
	pthread_cond_init(&watcher->done, NULL);
	watcher->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	watcher->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (watcher->epoll_fd < 0 || watcher->wake_fd < 0 ||
	    epoll_ctl(watcher->epoll_fd, EPOLL_CTL_ADD, watcher->wake_fd, &event) < 0 ||
	    (errno = watcher_start_thread(watcher)) != 0) {
		warden_error_errno(err, "create the watcher");
		watcher_release(watcher);
		return NULL;
	}
	return watcher;
}

void watcher_free(struct watcher *watcher)
{
	uint64_t one = 1;

	/* The first write to an eventfd cannot fail. */
	if (write(watcher->wake_fd, &one, sizeof(one)) == sizeof(one))
		pthread_join(watcher->thread, NULL);
	watcher_release(watcher);
}

static struct watcher_slot *watcher_find_slot(struct watcher *watcher)
{
	uint32_t n = watcher->n_slots;
	struct watcher_slot *slots;

	for (uint32_t i = 0; i < n; i++)
		if (!watcher->slots[i].watch)
			return &watcher->slots[i];
	slots = reallocarray(watcher->slots, n ? n * 2 : 16, sizeof(*slots));
	if (!slots)
		return NULL;
	watcher->slots = slots;
	watcher->n_slots = n ? n * 2 : 16;
	for (uint32_t i = n; i < watcher->n_slots; i++)
		slots[i] = (struct watcher_slot){.generation = 1};
	return &slots[n];
}

static void watcher_clear_slot(struct watcher *watcher, uint32_t index)
{
	struct watcher_slot *slot = &watcher->slots[index];

	slot->watch = NULL;
	if (++slot->generation == 0)
		slot->generation = 1;
}

struct watch *watcher_add(struct watcher *watcher, int fd, uint32_t events, watcher_fn *fn,
			  void *data, struct warden_error *err)
{
	pthread_mutex_t *locked _cleanup_unlock_ = &watcher->mutex;
	struct watch *watch = malloc(sizeof(*watch));
	struct epoll_event event = {.events = events};
	struct watcher_slot *slot;

	pthread_mutex_lock(locked);
	slot = watch ? watcher_find_slot(watcher) : NULL;
	if (slot) {
		*watch = (struct watch){.watcher = watcher, .fd = fd, .fn = fn, .data = data};
		watch->index = (uint32_t)(slot - watcher->slots);
		slot->watch = watch;
		event.data.u64 = watch_number(watch);
		if (epoll_ctl(watcher->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0)
			return watch;
		watcher_clear_slot(watcher, watch->index);
	}
	warden_error_errno(err, "add a descriptor to the watcher");
	free(watch);
	return NULL;
}

int watch_modify(struct watch *watch, uint32_t events, struct warden_error *err)
{
	struct watcher *watcher = watch->watcher;
	pthread_mutex_t *locked _cleanup_unlock_ = &watcher->mutex;
	struct epoll_event event = {.events = events};

	pthread_mutex_lock(locked);
	event.data.u64 = watch_number(watch);
	if (epoll_ctl(watcher->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event) < 0)
		return warden_error_errno(err, "change the events of a watch");
	return 0;
}

void watch_remove(struct watch *watch)
{
	struct watcher *watcher;

	if (!watch)
		return;
	watcher = watch->watcher;
	pthread_mutex_lock(&watcher->mutex);
	/* Fails only if the descriptor was closed before; epoll has dropped it then. */
	epoll_ctl(watcher->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
	watcher_clear_slot(watcher, watch->index);
	if (!pthread_equal(watcher->thread, pthread_self()))
		while (watcher->running == watch)
			pthread_cond_wait(&watcher->done, &watcher->mutex);
	pthread_mutex_unlock(&watcher->mutex);
	free(watch);
}
