/* SPDX-License-Identifier: Apache-2.0 */
/* Reports to the core when a container reaches its memory limit (out of memory). */
#ifndef BACKENDS_LINUX_RUN_OOM_WATCH_H
#define BACKENDS_LINUX_RUN_OOM_WATCH_H

#include "backends/linux/cgroup/cgroup.h"

struct linux_container;

struct oom {
	struct cgroup_oom cgroup; /* a descriptor of -1: not watched */
	struct watch *watch;      /* under the container's mutex */
};

/* Starts to watch. Events since the first oom_watch_arm, also that of a previous daemon, are
 * reported. For a worker; does nothing if the container is watched already. */
int oom_watch_arm(struct linux_container *container, struct warden_error *err);

/* Stops watching and removes the count: the limit is gone. */
void oom_watch_disarm(struct linux_container *container);

/* Stops watching and keeps the count, so that oom_watch_arm of a later daemon continues from it. No
 * event is reported after it returns. */
void oom_watch_close(struct linux_container *container);

#endif
