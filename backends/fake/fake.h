/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fake backend: containers without isolation and without root. Each has its own wshd, as with
 * the linux backend, which runs jobs as the daemon's user in `root/` of the container's directory
 * and outlives the daemon.
 *
 * Workers call the operations, one at a time per container; events from wshd, and its end, arrive
 * on the watcher's thread. The container's mutex protects what both use.
 */
#ifndef FAKE_FAKE_H
#define FAKE_FAKE_H

#include <pthread.h>

#include "backends/files/file_transfer.h"
#include "backends/wshd/wshd_queue.h"
#include "lib/spawner.h"
#include "lib/watcher.h"
#include "warden/backend.h"

struct fake_container;

struct fake_backend {
	const struct warden_host *host;
	struct watcher *watcher;
	char *wshd;             /* absolute path */
	struct spawner spawner; /* forks processes that move files */

	pthread_mutex_t mutex;
	struct fake_container *leaving; /* being destroyed: the core has dropped them */
};

struct fake_container {
	struct fake_backend *backend;
	struct fake_container *next; /* of `leaving` */
	char id[32];
	int dir_fd;
	pid_t pid; /* of wshd; 0: not found, or not surely wshd */
	int pidfd; /* -1 likewise */
	int wshd_fd;
	struct wshd_queue queue; /* to it */
	struct file_transfers transfers;

	bool no_new_privs; /* of its jobs; only known until wshd is started */

	struct warden_limits limits; /* used by operations only */
	char cpus[256];
	bool killed; /* likewise: wshd was told to kill all, and may not have done so */
	struct warden_restored listed; /* likewise: the jobs that wshd has listed so far */

	pthread_mutex_t mutex; /* protects the members below */
	bool ended;            /* wshd has ended */
	bool destroying;
	struct watch *pid_watch, *wshd_watch, *timer_watch;
	int timer_fd;   /* while the container is destroyed */
	unsigned round; /* of fake_destroy_kill */
};

/* fake_container.c: a container in memory. */
struct fake_container *fake_container_new(struct fake_backend *backend,
					  const struct warden_identity *identity,
					  struct warden_error *err);
/* Starts to receive events from wshd, and its end. Call it with the mutex held, which delays them.
 */
int fake_container_watch(struct fake_container *container, struct warden_error *err);
/* No event arrives after it returns. Call it without the mutex. */
void fake_container_unwatch(struct fake_container *container);
/* Frees the container. Its processes live on. */
void fake_container_free(struct fake_container *container);

/* fake_init.c: wshd, the container's first process. */
int fake_init_start(struct fake_container *container, struct warden_error *err);
/* Ends a wshd that fake_init_start has just started. */
void fake_init_kill(struct fake_container *container);
/* Finds the wshd that an earlier daemon started, unless that is done: fills pid and pidfd. -1 and
 * `err`: it has ended (ESRCH), or that cannot be told now. */
int fake_init_find(struct fake_container *container, struct warden_error *err);
/* Whether the wshd that was found has ended. */
bool fake_init_has_ended(const struct fake_container *container);
/* Reaps wshd if it is a child of this daemon. */
void fake_init_reap(const struct fake_container *container);

/* fake_transfer.c: starts the backend's spawner, while the caller has one thread. */
int fake_transfer_start_spawner(struct fake_backend *backend, struct warden_error *err);

/* fake_fault.c: failures and delays that the configuration requests. */
int fake_fault_admit(void *backend, void *container, const char *request, struct warden_error *err);

/* fake_user.c: checks whether a job may run as `user` (NULL: not specified). */
int fake_user_check(const char *user, struct warden_error *err);
/* Likewise for a profile of system calls. */
int fake_user_check_profile(const char *seccomp, struct warden_error *err);

/* The operations, each in the file of its name (fake_job.c: spawn to stop). */
int fake_create(void *backend, const struct warden_create *create, void **container,
		struct warden_error *err);
int fake_adopt(void *container, const struct warden_create *create, struct warden_error *err);
int fake_restore(void *backend, const struct warden_identity *identity,
		 enum warden_restore_state state, void **container,
		 struct warden_restored *restored, struct warden_error *err);
int fake_reconnect(void *container, struct warden_restored *restored, struct warden_error *err);
int fake_spawn(void *container, const struct warden_spawn *spawn, struct warden_error *err);
int fake_job_close_input(void *container, uint32_t job_id, struct warden_error *err);
int fake_job_resize(void *container, uint32_t job_id, uint16_t rows, uint16_t columns,
		    struct warden_error *err);
int fake_job_signal(void *container, uint32_t job_id, int signal, struct warden_error *err);
void fake_job_forget(void *container, uint32_t job_id);
int fake_stop(void *container, int signal, struct warden_error *err);
int fake_transfer(void *container, const struct warden_transfer *transfer,
		  struct warden_error *err);
void fake_transfer_cancel(void *container, uint64_t transfer_id);
void fake_destroy(void *container);
int fake_set_limits(void *container, const struct warden_limits *limits,
		    struct warden_limits *in_force, struct warden_error *err);
int fake_pause(void *container, bool paused, struct warden_error *err);
int fake_info(void *container, struct warden_info *info, struct warden_error *err);

/* fake_limits.c: sets the limits of a new container. */
void fake_limits_begin(struct fake_container *container);

/* Ends the destruction of a container after its transfers have ended: frees it and reports that it
 * is gone. On the watcher's thread, or in fake_destroy. */
void fake_destroy_finish(struct fake_container *container);
/* Records that wshd has ended. Returns whether the container is being destroyed: then the caller
 * has to finish that. */
bool fake_container_set_ended(struct fake_container *container);

int fake_clean(const struct warden_host *host, const struct warden_clean *to,
	       struct warden_error *err);

#endif
