/* SPDX-License-Identifier: Apache-2.0 */
/* The control groups of a job's own, `job-ID` below the container's: in those hierarchies that
 * count cpu time, memory and processes. They stay until the job is forgotten, or go with the
 * container's. */
#ifndef BACKENDS_LINUX_CGROUP_CGROUP_JOB_H
#define BACKENDS_LINUX_CGROUP_CGROUP_JOB_H

#include "backends/linux/cgroup/cgroup.h"
#include "backends/wshd/wshd_client.h"

/* Makes the groups with the limits that the job asks for, and opens what its first process enters
 * them by; the caller closes them with wshd_group_close. `owner`: host id of container root. */
int cgroup_job_make(const struct cgroup *cgroup, const struct warden_spawn *spawn, uid_t owner,
		    struct wshd_group *fds, struct warden_error *err);

/* Puts the groups' figures in the place of those of the keeper, and the reason where the kernel has
 * ended processes for want of memory. Returns how many. */
uint64_t cgroup_job_end(const struct cgroup *cgroup, uint32_t job_id, struct warden_job_end *end);

/* Removes them. -1 and EBUSY: somebody is in there still. Those that are not there are no failure.
 */
int cgroup_job_remove(const struct cgroup *cgroup, uint32_t job_id);

/* The ids of the jobs that have groups. The caller frees `*ids` (NULL: none). */
void cgroup_job_list(const struct cgroup *cgroup, uint32_t **ids, size_t *n);

#endif
