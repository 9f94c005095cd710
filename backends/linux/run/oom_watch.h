/* SPDX-License-Identifier: Apache-2.0 */
/* Reports to host->oom when a container exceeds its memory limit. */
#ifndef BACKENDS_LINUX_RUN_OOM_WATCH_H
#define BACKENDS_LINUX_RUN_OOM_WATCH_H

#include "backends/linux/cgroup/cgroup.h"

struct linux_container;

struct oom {
	struct cgroup_oom cgroup; /* fd is -1 if not watched */
	struct watch *watch;      /* protected by the container's mutex */
};

/* Starts to watch. Reports at once if memory ran out since the first oom_watch_arm, which a
 * previous daemon may have called. Does nothing if watched already. Called on a worker. */
int oom_watch_arm(struct linux_container *container, struct warden_error *err);

/* Stops to watch and deletes the recorded count, because the limit is removed. */
void oom_watch_disarm(struct linux_container *container);

/* Stops to watch and keeps the recorded count, from which oom_watch_arm of a later daemon
 * continues. No event runs any more when it returns.
 */
void oom_watch_close(struct linux_container *container);

#endif
