/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container of the linux backend. Operations on it come one at a time from workers; events come
 * on the watcher's thread: the end of the first process, messages of wshd, the ends of processes
 * that a stop waits for. What both touch is under the mutex. The cleanup thread owns a container
 * from cleanup_thread_put on.
 *
 * A watch is removed by whoever takes its pointer out of the container under the mutex.
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

/* How far its removal is; the cleanup thread's alone. */
struct cleanup_item {
	struct linux_container *next;
	bool begun, network_gone, cgroup_gone;
	unsigned tries;
	struct timespec next_try;
};

/* A stop that waits until its processes have ended. */
struct linux_stop {
	int signal; /* 0: there is none */
	struct container_processes processes;
	struct watch *watch; /* of the first of them, or of the timer */
	int timer_fd;        /* -1: not used yet */
	unsigned pauses;     /* for jobs that are about to start */
	bool paused;         /* the watch is that of the timer */
};

struct linux_container {
	struct linux_backend *backend;
	char id[32];
	struct warden_identity identity; /* without a path; its id is the above */
	uint32_t base; /* the host's id of its root; 0: it has no user namespace */
	struct cgroup *cgroup;
	pid_t init_pid; /* 0: there is none */
	int init_pidfd;
	struct program_identity program; /* that init and keepers execute */
	int wshd_fd;                     /* -1: not connected */
	struct oom oom;
	uint32_t quota;       /* whose disk quota binds it; 0: nobody's */
	uint64_t rate, burst; /* of the bandwidth, as they were set last */
	bool paused;          /* the operations' alone */

	struct file_transfers transfers;

	pthread_mutex_t mutex; /* for all that follows */
	struct watch *init_watch, *wshd_watch;
	bool init_ended, destroying;
	unsigned jobs;      /* that were started and not reported to have ended */
	uint64_t oom_kills; /* of its processes, of which it is known whose they were */
	struct linux_stop stop;

	struct job_groups job_groups; /* not under the mutex */
	struct cleanup_item removal;
};

struct linux_container *linux_container_new(struct linux_backend *backend,
					    const struct warden_identity *identity,
					    struct warden_error *err);

/* Without touching what the container is on the machine. Nothing may be watched any more. */
void linux_container_free(struct linux_container *container);

/* Hands a destroyed container, whose first process has ended, to the cleanup thread as soon as
 * nothing moves files in it any more. */
void linux_container_queue_cleanup(struct linux_container *container);

/* Connects to wshd through its socket in the container's directory. */
int linux_container_connect(struct linux_container *container, struct warden_error *err);

/* See linux_pause.c: lets a container go on that is paused. */
void linux_pause_end(struct linux_container *container);

/* Begins to take events: the end of the first process, and, where it is connected, wshd's. */
int linux_container_watch(struct linux_container *container, struct warden_error *err);

/* No event comes any more when it returns. Not for the watcher's thread. */
void linux_container_unwatch(struct linux_container *container);

#endif
