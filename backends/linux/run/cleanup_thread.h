/* SPDX-License-Identifier: Apache-2.0 */
/* The cleanup thread: removes cgroups, links and firewall entries of containers whose processes
 * have ended. A removal that fails is retried. */
#ifndef BACKENDS_LINUX_RUN_CLEANUP_THREAD_H
#define BACKENDS_LINUX_RUN_CLEANUP_THREAD_H

#include "backends/linux/linux.h"

struct linux_container;
struct cleanup_thread;

/* Starts the thread; `backend` must outlive it. */
int cleanup_thread_start(struct linux_backend *backend, struct cleanup_thread **cleanup,
			 struct warden_error *err);

/* Announces a container that cleanup_thread_put will pass later: cleanup_thread_drain waits for it,
 * and if it takes long the thread reports what the container waits for. Any thread may call it. */
void cleanup_thread_announce(struct cleanup_thread *cleanup, struct linux_container *container);

/* Passes a container to the thread, which then owns it. Its first process has ended, and no
 * operation on it runs or will run. When all is removed, the thread frees the container and calls
 * host->container_gone. Any thread may call it. */
void cleanup_thread_put(struct cleanup_thread *cleanup, struct linux_container *container);

/* Waits until all announced containers are removed that are not late, for a few seconds at most;
 * the next daemon removes the remaining ones. */
void cleanup_thread_drain(struct cleanup_thread *cleanup);

/* Ends the thread; cleanup_thread_put may not be called any more. NULL is allowed. */
void cleanup_thread_stop(struct cleanup_thread *cleanup);

#endif
