/* SPDX-License-Identifier: Apache-2.0 */
/* Functions for a stop in progress that other operations call. */
#ifndef BACKENDS_LINUX_RUN_LINUX_STOP_H
#define BACKENDS_LINUX_RUN_LINUX_STOP_H

#include "backends/linux/run/linux_container.h"

/* Ends the wait of a stop for jobs to start: all jobs have ended. The mutex is held.
 */
void linux_stop_expire_timer(struct linux_container *container);

/* Cancels a stop; container_empty is not called. Not to be called on the watcher's thread. */
void linux_stop_cancel(struct linux_container *container);

#endif
