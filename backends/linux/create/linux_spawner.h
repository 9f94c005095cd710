/* SPDX-License-Identifier: Apache-2.0 */
/* The spawner: a small process with a single thread, forked before the daemon has any other, that
 * forks a set-up child for each container and a process for each transfer of files. It ends when
 * the daemon does. */
#ifndef BACKENDS_LINUX_CREATE_LINUX_SPAWNER_H
#define BACKENDS_LINUX_CREATE_LINUX_SPAWNER_H

#include "backends/linux/linux.h"
#include "lib/watcher.h"

struct linux_spawner;

/* Call it while the caller has one thread. The spawner and its children have a copy of `backend` as
 * of this call. */
int linux_spawner_start(const struct linux_backend *backend, struct linux_spawner **spawner,
			struct warden_error *err);

/* Reports a failure of the backend if the spawner ends before linux_spawner_stop: by then there are
 * threads, so no new spawner can be forked. */
int linux_spawner_watch(struct linux_spawner *spawner, struct watcher *watcher,
			const struct warden_host *host, struct warden_error *err);

/* Requests a set-up child for the container whose directory is `directory_fd`; `cgroup_fd` is its
 * group on v2, or -1. Returns the worker's end of the connection to it. Any thread may call it. */
int linux_spawner_request(struct linux_spawner *spawner, int directory_fd, int cgroup_fd,
			  struct warden_error *err);

/* Requests a process that transfers files (linux_transfer.h) below `root_fd`, with `data_fd` or -1.
 * Returns the worker's end of the connection to it. Any thread may call it. */
int linux_spawner_transfer(struct linux_spawner *spawner, int root_fd, int data_fd,
			   struct warden_error *err);

/* Ends the spawner; containers keep running. Free its watcher before. NULL is allowed. */
void linux_spawner_stop(struct linux_spawner *spawner);

#endif
