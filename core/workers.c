/* SPDX-License-Identifier: Apache-2.0 */
/* Pools of threads for blocking work; see workers.h. */
#include <config.h>

#include "core/workers.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/cleanup.h"

STAILQ_HEAD(work_list, work);

struct workers {
	pthread_mutex_t mutex; /* for `queued`, `finished` and `ends` */
	pthread_cond_t changed;
	struct work_list queued, finished;
	bool ends;
	atomic_bool hurry;
	atomic_size_t waiting; /* length of `queued` */
	uv_async_t wakeup;
	size_t pending; /* loop thread: queued and not done */
	size_t done;    /* loop thread */
	const char *name;
	int nice;
	unsigned n;
	pthread_t threads[];
};

/* The next work, or NULL if the thread must end. The mutex is held. */
static struct work *workers_take(struct workers *workers)
{
	struct work *work;

	while (STAILQ_EMPTY(&workers->queued) && !workers->ends)
		pthread_cond_wait(&workers->changed, &workers->mutex);
	work = STAILQ_FIRST(&workers->queued);
	if (work) {
		STAILQ_REMOVE_HEAD(&workers->queued, link);
		atomic_fetch_sub_explicit(&workers->waiting, 1, memory_order_relaxed);
	}
	return work;
}

static void *workers_run(void *data)
{
	struct workers *workers = data;
	struct work *work;

	pthread_setname_np(pthread_self(), workers->name); /* for ps; it is short enough */
	/* Linux: the nice value of this thread. Without it the pool works, less considerately. */
	if (workers->nice != 0)
		(void)setpriority(PRIO_PROCESS, (id_t)gettid(), workers->nice);
	pthread_mutex_lock(&workers->mutex);
	while ((work = workers_take(workers))) {
		pthread_mutex_unlock(&workers->mutex);
		work->run(work);
		pthread_mutex_lock(&workers->mutex);
		STAILQ_INSERT_TAIL(&workers->finished, work, link);
		uv_async_send(&workers->wakeup); /* fails only if the handle is closed */
	}
	pthread_mutex_unlock(&workers->mutex);
	return NULL;
}

static void workers_on_wakeup(uv_async_t *wakeup)
{
	struct workers *workers = wakeup->data;
	struct work_list finished = STAILQ_HEAD_INITIALIZER(finished);
	struct work *work;

	pthread_mutex_lock(&workers->mutex);
	STAILQ_CONCAT(&finished, &workers->finished);
	pthread_mutex_unlock(&workers->mutex);
	while ((work = STAILQ_FIRST(&finished))) {
		STAILQ_REMOVE_HEAD(&finished, link);
		workers->done++;
		work->done(work);
		/* Afterwards: a pool whose work queues more is busy all the time. */
		if (--workers->pending == 0)
			uv_unref((uv_handle_t *)wakeup);
	}
}

static void workers_on_closed(uv_handle_t *wakeup)
{
	free(wakeup->data);
}

/* Signals belong to the loop thread. Returns 0 or an errno. */
static int workers_start_threads(struct workers *workers, unsigned n)
{
	static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP};
	sigset_t all, saved;
	int result = 0;

	sigfillset(&all);
	/* A blocked one would end the daemon without naming the module; see backend_call.c. */
	for (size_t i = 0; i < ARRAY_SIZE(crashes); i++)
		sigdelset(&all, crashes[i]);
	pthread_sigmask(SIG_SETMASK, &all, &saved);
	while (workers->n < n && result == 0) {
		result = pthread_create(&workers->threads[workers->n], NULL, workers_run, workers);
		workers->n += result == 0;
	}
	pthread_sigmask(SIG_SETMASK, &saved, NULL);
	return result;
}

struct workers *workers_new(uv_loop_t *loop, const char *name, unsigned n, int nice,
			    struct warden_error *err)
{
	struct workers *workers = calloc(1, sizeof(*workers) + n * sizeof(pthread_t));
	int result;

	if (!workers) {
		warden_error_errno(err, "make the threads %s", name);
		return NULL;
	}
	result = uv_async_init(loop, &workers->wakeup, workers_on_wakeup);
	if (result < 0) {
		warden_error_set(err, "make the wakeup of the threads %s: %s", name,
				 uv_strerror(result));
		free(workers);
		return NULL;
	}
	workers->wakeup.data = workers;
	uv_unref((uv_handle_t *)&workers->wakeup);
	pthread_mutex_init(&workers->mutex, NULL); /* cannot fail without attributes */
	pthread_cond_init(&workers->changed, NULL);
	STAILQ_INIT(&workers->queued);
	STAILQ_INIT(&workers->finished);
	workers->name = name;
	workers->nice = nice;
	errno = workers_start_threads(workers, n);
	if (errno == 0)
		return workers;
	warden_error_errno(err, "start the threads %s", name);
	workers_free(workers);
	return NULL;
}

void workers_queue(struct workers *workers, struct work *work)
{
	if (workers->pending++ == 0)
		uv_ref((uv_handle_t *)&workers->wakeup);
	pthread_mutex_lock(&workers->mutex);
	STAILQ_INSERT_TAIL(&workers->queued, work, link);
	atomic_fetch_add_explicit(&workers->waiting, 1, memory_order_relaxed);
	pthread_cond_signal(&workers->changed);
	pthread_mutex_unlock(&workers->mutex);
}

bool workers_are_busy(const struct workers *workers)
{
	return workers->pending > 0;
}

bool workers_are_wanted(const struct workers *workers)
{
	return atomic_load_explicit(&workers->waiting, memory_order_relaxed) > 0;
}

size_t workers_done(const struct workers *workers)
{
	return workers->done;
}

void workers_hurry(struct workers *workers)
{
	atomic_store(&workers->hurry, true);
}

bool workers_must_hurry(const struct workers *workers)
{
	return atomic_load(&workers->hurry);
}

void workers_free(struct workers *workers)
{
	if (!workers)
		return;
	pthread_mutex_lock(&workers->mutex);
	workers->ends = true;
	pthread_cond_broadcast(&workers->changed);
	pthread_mutex_unlock(&workers->mutex);
	for (unsigned i = 0; i < workers->n; i++)
		pthread_join(workers->threads[i], NULL);
	pthread_cond_destroy(&workers->changed);
	pthread_mutex_destroy(&workers->mutex);
	uv_close((uv_handle_t *)&workers->wakeup, workers_on_closed);
}
