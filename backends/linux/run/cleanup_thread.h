/* SPDX-License-Identifier: Apache-2.0 */
/* Removes the control groups, links and firewall entries of containers whose processes have ended,
 * on its own thread. It retries what cannot be removed yet. */
#ifndef BACKENDS_LINUX_RUN_CLEANUP_THREAD_H
#define BACKENDS_LINUX_RUN_CLEANUP_THREAD_H

#include "backends/linux/linux.h"

struct linux_container;
struct cleanup_thread;

int cleanup_thread_start(struct linux_backend *backend, struct cleanup_thread **cleanup,
			 struct warden_error *err);

/* Announces a container that cleanup_thread_put will hand over; cleanup_thread_drain waits for it.
 * */
void cleanup_thread_announce(struct cleanup_thread *cleanup);

/* Hands over a container whose first process has ended and on which no operation runs or will run.
 * When its resources are removed it is freed and host->container_gone is called. Any thread may
 * call it. */
void cleanup_thread_put(struct cleanup_thread *cleanup, struct linux_container *container);

/* Waits until all announced containers are removed, at most 5 s; the next daemon removes the rest.
 * */
void cleanup_thread_drain(struct cleanup_thread *cleanup);

/* Ends the thread; cleanup_thread_put must not be called any more. NULL is allowed. */
void cleanup_thread_stop(struct cleanup_thread *cleanup);

#endif
