/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is to be sent to a wshd, in order. A message that the socket does not take now (it is full,
 * the kernel has no memory, too many descriptors are in flight) waits here, with duplicates of its
 * descriptors, until the watcher finds room. So a sender that is fast loses nothing, and one whose
 * wshd stands still goes on.
 *
 * Back-pressure: who starts a job waits a while for wshd to catch up. Only when wshd has not read
 * for seconds and WSHD_QUEUE_MAX messages wait, further jobs, signals and sizes of terminals fail.
 *
 * Any thread may send. Lock order: the container's mutex, then the queue's.
 */
#ifndef BACKENDS_WSHD_WSHD_QUEUE_H
#define BACKENDS_WSHD_WSHD_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "lib/watcher.h"

enum { WSHD_QUEUE_MAX = 1024 };

struct wshd_queue {
	const int *fd;         /* the connection; -1: none */
	pthread_mutex_t mutex; /* protects the members below */
	struct watch *watch;   /* of the connection; NULL: nobody waits for room */
	uint32_t events;       /* that the watch waits for beside room */
	bool waits_for_room;
	STAILQ_HEAD(, wshd_queued) messages;
	size_t n;
};

/* `fd` is read at each send, so that the connection may be made later. */
void wshd_queue_init(struct wshd_queue *queue, const int *fd);

/* Drops what waits. */
void wshd_queue_free(struct wshd_queue *queue);

/* From now on the queue adds EPOLLOUT to the events of this watch while messages wait; its callback
 * calls wshd_queue_flush then. NULL: it does not touch the watch any more; before watch_remove. */
void wshd_queue_set_watch(struct wshd_queue *queue, struct watch *watch, uint32_t events);

/* Arms a watch with EPOLLONESHOT again. Returns 0, or -1 and `err`. */
int wshd_queue_rearm(struct wshd_queue *queue, struct warden_error *err);

/* Sends what waits, as far as the socket takes it; on the watcher's thread. What waits for a
 * connection that is lost is dropped. */
void wshd_queue_flush(struct wshd_queue *queue);

/* Waits until wshd has taken what waits, a second at most: for who starts a job, and for a daemon
 * that leaves the container to the next one. */
void wshd_queue_catch_up(struct wshd_queue *queue);

/* Sends a message of proto/wshd_protocol.h or lets it wait. The descriptors stay the caller's.
 * `what` names the operation in errors. Returns 0, or -1 and `err`. */
int wshd_queue_send(struct wshd_queue *queue, const void *message, size_t length, const int *fds,
		    size_t n_fds, const char *what, struct warden_error *err);

#endif
