/* SPDX-License-Identifier: Apache-2.0 */
/* Tells the core when a container has run out of the memory that it was limited to. */
#ifndef BACKENDS_LINUX_RUN_OOM_WATCH_H
#define BACKENDS_LINUX_RUN_OOM_WATCH_H

#include "backends/linux/cgroup/cgroup.h"

struct linux_container;

struct oom {
	struct cgroup_oom cgroup; /* its descriptor is -1: not watched */
	struct watch *watch;      /* under the container's mutex */
};

/* Begins to watch. What has happened since the first oom_watch_arm, by an earlier daemon too, is
 * told. For a worker; does nothing where it is watched already. */
int oom_watch_arm(struct linux_container *container, struct warden_error *err);

/* There is no limit any more. */
void oom_watch_disarm(struct linux_container *container);

/* No event comes any more when it returns, but oom_watch_arm of a later daemon goes on from there.
 */
void oom_watch_close(struct linux_container *container);

#endif
