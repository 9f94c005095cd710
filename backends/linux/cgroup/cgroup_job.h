/* SPDX-License-Identifier: Apache-2.0 */
/* A job's own control groups, `job-ID` below the container's, in the hierarchies that count cpu
 * time, memory and processes. They exist until the job is forgotten or the container's groups are
 * removed. */
#ifndef BACKENDS_LINUX_CGROUP_CGROUP_JOB_H
#define BACKENDS_LINUX_CGROUP_CGROUP_JOB_H

#include "backends/linux/cgroup/cgroup.h"
#include "backends/wshd/wshd_client.h"

/* Makes the groups with the job's limits, and opens the descriptors by which its first process
 * enters them; the caller closes these with wshd_group_close. `owner`: host uid of container root.
 */
int cgroup_job_make(const struct cgroup *cgroup, const struct warden_spawn *spawn, uid_t owner,
		    struct wshd_group *fds, struct warden_error *err);

/* Replaces the keeper's figures in `end` with those of the groups, and sets the reason if the
 * kernel killed processes because memory ran out. Returns the number of kills. */
uint64_t cgroup_job_end(const struct cgroup *cgroup, uint32_t job_id, struct warden_job_end *end);

/* Removes the groups. Returns -1 with errno EBUSY while processes remain in them; missing groups
 * are no error. */
int cgroup_job_remove(const struct cgroup *cgroup, uint32_t job_id);

/* Lists the ids of the jobs that have groups. The caller frees `*ids` (NULL if there are none). */
void cgroup_job_list(const struct cgroup *cgroup, uint32_t **ids, size_t *n);

#endif
