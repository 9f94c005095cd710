/* SPDX-License-Identifier: Apache-2.0 */
/* A stop that waits, as the other operations see it. */
#ifndef BACKENDS_LINUX_RUN_LINUX_STOP_H
#define BACKENDS_LINUX_RUN_LINUX_STOP_H

#include "backends/linux/run/linux_container.h"

/* No job is left that has not ended: a stop that waits for one to start need not. The mutex is
 * held.
 */
void linux_stop_expire_timer(struct linux_container *container);

/* Forgets a stop; nobody is told that the container is empty. Not for the watcher's thread. */
void linux_stop_cancel(struct linux_container *container);

#endif
