/* SPDX-License-Identifier: Apache-2.0 */
/* Functions for a stop in progress that other operations call. */
#ifndef BACKENDS_LINUX_RUN_LINUX_STOP_H
#define BACKENDS_LINUX_RUN_LINUX_STOP_H

#include "backends/linux/run/linux_container.h"

/* All jobs have ended: ends the wait of a stop for jobs to start, and allows forks after a stop
 * with SIGKILL. The mutex is held. */
void linux_stop_jobs_ended(struct linux_container *container);

/* Before the first message to wshd of an earlier daemon's container: allows forks, which a stop may
 * have forbidden; in a stopped container only when wshd has caught up. */
int linux_stop_restore(struct linux_container *container, bool stopped, struct warden_error *err);

/* Cancels a stop; container_empty is not called. Not to be called on the watcher's thread. */
void linux_stop_cancel(struct linux_container *container);

#endif
