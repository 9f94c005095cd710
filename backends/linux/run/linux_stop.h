/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of a waiting stop that other operations call. */
#ifndef BACKENDS_LINUX_RUN_LINUX_STOP_H
#define BACKENDS_LINUX_RUN_LINUX_STOP_H

#include "backends/linux/run/linux_container.h"

/* Call it when the last job has ended: a stop that waits for a job to start then continues at once.
 * The mutex is held. */
void linux_stop_expire_timer(struct linux_container *container);

/* Cancels a stop; container_empty is not called. Not for the watcher's thread. */
void linux_stop_cancel(struct linux_container *container);

#endif
