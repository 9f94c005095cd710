/* SPDX-License-Identifier: Apache-2.0 */
/* The spawner: a small process with one thread. It forks a set-up child for each container and a
 * process for each file transfer, and the firewall's holder. If it is killed its parent, forked
 * before the daemon starts threads, forks another. Both exit when the daemon does. */
#ifndef BACKENDS_LINUX_CREATE_LINUX_SPAWNER_H
#define BACKENDS_LINUX_CREATE_LINUX_SPAWNER_H

#include "backends/linux/linux.h"
#include "lib/watcher.h"

struct linux_spawner;

/* Forks the spawner. Call it while the process has one thread. The spawner and its children see
 * `backend` as it is at this call. */
int linux_spawner_start(const struct linux_backend *backend, struct linux_spawner **spawner,
			struct warden_error *err);

/* A send on a socket to the spawner or a set-up child fails after the limit for creates that make
 * no progress. */
void linux_spawner_limit_sends(const struct linux_backend *backend, int socket);

/* Logs if another spawner is started, and if the spawner's parent is killed: the daemon has threads
 * by then, so it cannot fork a new one. Containers live on, and the present spawner too. */
int linux_spawner_watch(struct linux_spawner *spawner, struct watcher *watcher,
			const struct warden_host *host, struct warden_error *err);

/* Starts a set-up child for the container whose directory is `directory_fd`; `cgroup_fd` is its
 * cgroup on v2, or -1. Returns a socket to the child, or -1. Any thread may call it. */
int linux_spawner_request(struct linux_spawner *spawner, int directory_fd, int cgroup_fd,
			  struct warden_error *err);

/* Starts a process that transfers files (linux_transfer.h) below `root_fd`; `data_fd` may be -1.
 * Returns a socket to the process, or -1. Any thread may call it. */
int linux_spawner_transfer(struct linux_spawner *spawner, int root_fd, int data_fd,
			   struct warden_error *err);

/* Starts the process that keeps a netlink socket (firewall_holder.h). Returns a socket to it, or
 * -1. Any thread may call it. */
int linux_spawner_hold(struct linux_spawner *spawner, int netlink_fd, int listen_fd,
		       struct warden_error *err);

/* Ends the spawner; containers keep running. The watcher must have been freed before. NULL is
 * allowed. */
void linux_spawner_stop(struct linux_spawner *spawner);

#endif
