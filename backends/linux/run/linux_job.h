/* SPDX-License-Identifier: Apache-2.0 */
/* Functions for jobs that other files of the backend call. */
#ifndef BACKENDS_LINUX_RUN_LINUX_JOB_H
#define BACKENDS_LINUX_RUN_LINUX_JOB_H

#include "backends/wshd/wshd_client.h"

struct linux_container;

/* The control groups of jobs; used by workers alone. */
struct job_groups {
	bool any;      /* a job had its own group */
	uint32_t *ids; /* of forgotten jobs whose groups are not empty yet */
	size_t n;
};

/* Completes wshd's report of a job's end with the figures of its control groups. */
void linux_job_complete_end(struct linux_container *container, const struct wshd_event *event,
			    struct warden_job_end *end);

/* Removes the groups of jobs of a previous daemon that are not in `restored`. */
void linux_job_restore_groups(struct linux_container *container,
			      const struct warden_restored *restored);

#endif
