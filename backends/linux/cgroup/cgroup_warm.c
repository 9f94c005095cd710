/* SPDX-License-Identifier: Apache-2.0 */
/* On v1 the first move of a process between groups after some 20 ms without one waits 7 to 12 ms
 * for an RCU grace period; the moves that follow do not. So once a container's groups are made, a
 * thread moves the daemon from its own group into the same group: this changes nothing, and the
 * wait is over or nearly over when the container's first process has been made. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backends/linux/cgroup/cgroup_private.h"
#include "lib/cleanup.h"

/* If creates follow each other closer than this no warming is needed. */
#define WARM_MS 15

static uint64_t cgroup_warm_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* If an operator has moved the daemon to another group, leave it there. */
static void cgroup_warm_rejoin_own_group(const struct cgroup_hierarchy *hierarchy)
{
	_cleanup_free_ char *path = cgroup_own_path(false, hierarchy->controllers);
	struct warden_error ignored; /* only the delay matters */

	if (path && strcmp(path, hierarchy->own_path) == 0)
		(void)cgroup_file_write(hierarchy->base_fd, "cgroup.procs", "0", &ignored);
}

static void *cgroup_warm_run(void *data)
{
	struct cgroup_warmer *warmer = data;

	pthread_mutex_lock(&warmer->mutex);
	while (!warmer->ending) {
		if (!warmer->wanted) {
			pthread_cond_wait(&warmer->changed, &warmer->mutex);
			continue;
		}
		warmer->wanted = false;
		pthread_mutex_unlock(&warmer->mutex);
		cgroup_warm_rejoin_own_group(warmer->hierarchy);
		pthread_mutex_lock(&warmer->mutex);
	}
	pthread_mutex_unlock(&warmer->mutex);
	return NULL;
}

/* Without the thread attaches are only slower. */
static void cgroup_warm_start(struct cgroup_warmer *warmer)
{
	sigset_t all, before;

	sigfillset(&all); /* signals belong to the daemon's own threads */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	warmer->started = pthread_create(&warmer->thread, NULL, cgroup_warm_run, warmer) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void cgroup_warm(struct cgroups *cgroups)
{
	struct cgroup_warmer *warmer = &cgroups->warmer;
	uint64_t now = cgroup_warm_now_ms();

	if (!warmer->hierarchy)
		return;
	pthread_mutex_lock(&warmer->mutex);
	if (now - warmer->last_ms >= WARM_MS) {
		if (!warmer->started)
			cgroup_warm_start(warmer);
		warmer->wanted = true;
		pthread_cond_signal(&warmer->changed);
	}
	warmer->last_ms = now;
	pthread_mutex_unlock(&warmer->mutex);
}

void cgroup_warmer_init(struct cgroups *cgroups)
{
	pthread_mutex_init(&cgroups->warmer.mutex, NULL);
	pthread_cond_init(&cgroups->warmer.changed, NULL);
}

void cgroup_warmer_free(struct cgroup_warmer *warmer)
{
	pthread_mutex_lock(&warmer->mutex);
	warmer->ending = true;
	pthread_cond_signal(&warmer->changed);
	pthread_mutex_unlock(&warmer->mutex);
	if (warmer->started)
		pthread_join(warmer->thread, NULL);
	pthread_cond_destroy(&warmer->changed);
	pthread_mutex_destroy(&warmer->mutex);
}
