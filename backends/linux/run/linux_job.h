/* SPDX-License-Identifier: Apache-2.0 */
/* What other parts of the backend do about a container's jobs. */
#ifndef BACKENDS_LINUX_RUN_LINUX_JOB_H
#define BACKENDS_LINUX_RUN_LINUX_JOB_H

#include "backends/wshd/wshd_client.h"

struct linux_container;

/* The control groups of jobs; the workers' alone. */
struct job_groups {
	bool any;      /* there were some */
	uint32_t *ids; /* of jobs that are forgotten while others are in their groups still */
	size_t n;
};

/* Adds to what wshd tells of a job's end what the control groups tell. */
void linux_job_complete_end(struct linux_container *container, const struct wshd_event *event,
			    struct warden_job_end *end);

/* Removes the groups of those jobs of an earlier daemon that wshd knows no more. */
void linux_job_restore_groups(struct linux_container *container,
			      const struct warden_restored *restored);

#endif
