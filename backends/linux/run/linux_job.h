/* SPDX-License-Identifier: Apache-2.0 */
/* Functions for a container's jobs that other parts of the backend call. */
#ifndef BACKENDS_LINUX_RUN_LINUX_JOB_H
#define BACKENDS_LINUX_RUN_LINUX_JOB_H

#include "backends/wshd/wshd_client.h"

struct linux_container;

/* The cgroups of jobs; used on worker threads only. */
struct job_groups {
	bool any;      /* a job has, or had, its own cgroups */
	uint32_t *ids; /* forgotten jobs whose cgroups still hold processes */
	size_t n;
};

/* Completes wshd's report of a job's end with the figures of the cgroups. Runs on the watcher's
 * thread. */
void linux_job_complete_end(struct linux_container *container, const struct wshd_event *event,
			    struct warden_job_end *end);

/* Removes the cgroups of a previous daemon's jobs that wshd no longer lists. */
void linux_job_restore_groups(struct linux_container *container,
			      const struct warden_restored *restored);

#endif
