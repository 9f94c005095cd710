/* SPDX-License-Identifier: Apache-2.0 */
/* Removes what is left of containers whose processes have ended, on a thread of its own: control
 * groups, links, entries of the firewall. What cannot be removed yet is tried again. */
#ifndef BACKENDS_LINUX_RUN_CLEANUP_THREAD_H
#define BACKENDS_LINUX_RUN_CLEANUP_THREAD_H

#include "backends/linux/linux.h"

struct linux_container;
struct cleanup_thread;

int cleanup_thread_start(struct linux_backend *backend, struct cleanup_thread **cleanup,
			 struct warden_error *err);

/* Announces a container that cleanup_thread_put will hand over: at the daemon's end it is waited
 * for. */
void cleanup_thread_announce(struct cleanup_thread *cleanup);

/* Hands a container over: its first process has ended, and no operation on it runs or will. It is
 * freed and host->container_gone told when nothing is left of it. Any thread may call it. */
void cleanup_thread_put(struct cleanup_thread *cleanup, struct linux_container *container);

/* Waits until everything that was announced is removed, but not longer than a few seconds: what is
 * left then is the next daemon's. */
void cleanup_thread_drain(struct cleanup_thread *cleanup);

/* Ends the thread; nothing may be handed over any more. NULL is allowed. */
void cleanup_thread_stop(struct cleanup_thread *cleanup);

#endif
