/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container of the linux backend. Workers run operations on it one at a time; the watcher's
 * thread handles events: the end of the first process, messages of wshd, ends of processes that a
 * stop waits for. The mutex guards the fields that both use. The cleanup thread owns a container
 * from cleanup_thread_put on.
 *
 * The thread that takes a watch's pointer out of the container, under the mutex, removes the watch.
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

/* The progress of a container's removal; used by the cleanup thread alone. */
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
	struct warden_identity identity; /* without a path; its id points to `id` above */
	uint32_t base;                   /* host id of its root; 0 without a user namespace */
	struct cgroup *cgroup;
	pid_t init_pid; /* 0: there is none */
	int init_pidfd;
	struct program_identity program; /* that init and keepers execute */
	int wshd_fd;                     /* -1: not connected */
	struct oom oom;
	uint32_t quota;       /* project or uid of its disk quota; 0: none */
	uint64_t rate, burst; /* bandwidth limits as last set */
	bool paused;          /* used by operations alone */

	struct file_transfers transfers;

	pthread_mutex_t mutex; /* guards the fields below */
	struct watch *init_watch, *wshd_watch;
	bool init_ended, destroying;
	unsigned jobs;      /* started and not yet reported as ended */
	uint64_t oom_kills; /* kills by the kernel that are attributed to a job */
	struct linux_stop stop;

	struct job_groups job_groups; /* not under the mutex */
	struct cleanup_item removal;
};

struct linux_container *linux_container_new(struct linux_backend *backend,
					    const struct warden_identity *identity,
					    struct warden_error *err);

/* Frees the memory alone: the container on the host is untouched. No watch may be left. */
void linux_container_free(struct linux_container *container);

/* Hands a destroyed container, whose first process has ended, to the cleanup thread as soon as its
 * file transfers have ended. */
void linux_container_queue_cleanup(struct linux_container *container);

/* Connects to wshd through its socket in the container's directory. */
int linux_container_connect(struct linux_container *container, struct warden_error *err);

/* Resumes a paused container (linux_pause.c). */
void linux_pause_end(struct linux_container *container);

/* Watches the end of the first process and, if connected, wshd. */
int linux_container_watch(struct linux_container *container, struct warden_error *err);

/* Ends all events: no handler runs after it returns. Not for the watcher's thread. */
void linux_container_unwatch(struct linux_container *container);

#endif
