/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container of the linux backend. Operations on it run one at a time, on worker threads. Events
 * run on the watcher's thread: the exit of the first process, messages of wshd, the exit of
 * processes that a stop waits for. The mutex protects what both use. The cleanup thread owns a
 * container from cleanup_thread_put on.
 *
 * A watch is removed by the code that takes its pointer out of the container, under the mutex.
 */
#ifndef BACKENDS_LINUX_RUN_LINUX_CONTAINER_H
#define BACKENDS_LINUX_RUN_LINUX_CONTAINER_H

#include <pthread.h>
#include <time.h>

#include "backends/files/file_transfer.h"
#include "backends/linux/linux.h"
#include "backends/linux/run/container_processes.h"
#include "backends/linux/run/linux_job.h"
#include "backends/linux/run/oom_watch.h"
#include "backends/wshd/wshd_queue.h"

/* Progress of a removal; used by the cleanup thread only. */
struct cleanup_item {
	struct linux_container *next;
	bool network_begun, firewall_gone, network_gone, cgroup_gone;
	bool late; /* what it waits for was reported: nobody waits for it */
	unsigned tries;
	struct timespec next_try;
};

/* A stop in progress: it waits until the processes have ended. */
struct linux_stop {
	int signal; /* 0: no stop in progress */
	struct container_processes processes;
	struct watch *watch; /* of the first process, or of the timer */
	int timer_fd;        /* -1: not made yet */
	unsigned pauses;     /* number of waits for jobs that are about to start */
	bool paused;         /* the watch is of the timer */
	bool forbids_forks;  /* also after it, until wshd has caught up */
};

struct trace;

struct linux_container {
	struct linux_backend *backend;
	char id[32];
	struct warden_identity identity; /* `path` is NULL; `id` points to the member above */
	uint32_t base;                   /* host id of root in it; 0: no user namespace */
	struct cgroup *cgroup;
	pid_t init_pid; /* 0: none */
	int init_pidfd;
	int root_fd, uts_fd;             /* of a prepared container, until it is adopted; else -1 */
	struct program_identity program; /* executed by init and keepers */
	int wshd_fd;                     /* -1: not connected */
	struct wshd_queue queue;         /* to it */
	uint32_t features;               /* of wshd: enum wshd_features */
	const struct seccomp_profile *profile; /* of shells, and of jobs that name none; NULL: it is
						  not configured any more */
	struct oom oom;
	uint32_t quota;       /* id whose disk quota limits it; 0: none */
	uint64_t rate, burst; /* of the bandwidth limit, as set last */
	bool paused;          /* used by operations only */

	struct file_transfers transfers;

	pthread_mutex_t mutex; /* protects the members below */
	struct watch *init_watch, *wshd_watch;
	bool init_ended, destroying;
	unsigned jobs;      /* started and not yet reported as ended */
	uint64_t oom_kills; /* OOM kills accounted for: of a job, or while there was no job */
	struct linux_stop stop;

	struct job_groups job_groups; /* used by operations only, without the mutex */
	/* While it is unreachable after a restore, used by operations only. */
	enum warden_restore_state restoring; /* 0: it was created, or answers */
	bool found;                          /* its first process, which is watched */
	struct warden_restored listed;       /* the jobs that wshd has listed so far */
	struct cleanup_item removal;
	struct trace *trace; /* of its destroy; NULL: none */
};

/* Allocates a container; makes nothing on the machine. */
struct linux_container *linux_container_new(struct linux_backend *backend,
					    const struct warden_identity *identity,
					    struct warden_error *err);

/* Frees the memory and descriptors of a container; changes nothing on the machine. All its watches
 * must be removed. */
void linux_container_free(struct linux_container *container);

/* Finds the first process of a container of an earlier daemon and watches it, unless that is done.
 * -1: it has ended (ESRCH), or that cannot be told now. In linux_restore.c. */
int linux_restore_find(struct linux_container *container, struct warden_error *err);

/* Passes a destroyed container, whose first process has ended, to the cleanup thread as soon as its
 * file transfers have ended. */
void linux_container_queue_cleanup(struct linux_container *container);

/* Connects to wshd through its socket in the container's directory. */
int linux_container_connect(struct linux_container *container, struct warden_error *err);

/* Resumes the container if it is paused; see linux_pause.c. */
void linux_pause_end(struct linux_container *container);

/* Starts to watch the exit of the first process, unless it is watched, and, if connected, messages
 * of wshd. If it fails linux_container_unwatch removes what was added. */
int linux_container_watch(struct linux_container *container, struct warden_error *err);

/* Whether the watched first process has ended. */
bool linux_container_has_ended(struct linux_container *container);

/* Removes all watches. No event runs any more when it returns. Not to be called on the watcher's
 * thread. */
void linux_container_unwatch(struct linux_container *container);

#endif
