/* SPDX-License-Identifier: Apache-2.0 */
/* Queues the events that backends report on any thread; the loop thread takes them in order. */
#ifndef CORE_BACKEND_BACKEND_EVENTS_H
#define CORE_BACKEND_BACKEND_EVENTS_H

#include <pthread.h>
#include <sys/queue.h>
#include <uv.h>

#include "warden/backend.h"

enum event_type {
	EVENT_CREATED,
	EVENT_JOB_ENDED,
	EVENT_EMPTY,
	EVENT_OOM,
	EVENT_INIT_DIED,
	EVENT_GONE,
	EVENT_ENDED,
	EVENT_WAITS,
	EVENT_CREATE_FAILED,
	EVENT_FAILED,
	EVENT_TRANSFER_ENDED,
	EVENT_TRANSFER_REPORTED, /* see transfer_reports.h */
};

struct backend_event {
	STAILQ_ENTRY(backend_event) link;
	enum event_type type;
	char id[32];
	uint32_t job_id;
	struct warden_job_end end; /* EVENT_JOB_ENDED */
	uint64_t transfer_id;      /* EVENT_TRANSFER_ENDED, EVENT_TRANSFER_REPORTED */
	/* EVENT_TRANSFER_ENDED; its error is in `error` alone */
	struct warden_transfer_end transfer_end;
	char *error;     /* EVENT_TRANSFER_ENDED, EVENT_CREATED; malloc'd; NULL: none */
	int number;      /* EVENT_CREATED: errno of the error */
	void *container; /* EVENT_CREATED: owned by the backend */
};

struct backend_events {
	pthread_mutex_t lock;
	STAILQ_HEAD(, backend_event) queue;
	uv_async_t wakeup;
};

/* Opens an empty queue; `handle` runs on the loop thread after events were added. -1 and `err` if
 * libuv fails. */
int backend_events_open(struct backend_events *events, uv_loop_t *loop, uv_async_cb handle,
			struct warden_error *err);
/* Frees the queued events. The caller closes `wakeup`. */
void backend_events_close(struct backend_events *events);

/* Appends a shallow copy of the event, which takes `error` over. Any thread. */
void backend_events_add(struct backend_events *events, const struct backend_event *event);

/* Takes the oldest event; the caller frees it by backend_event_free. NULL if the queue is empty. */
struct backend_event *backend_events_take(struct backend_events *events);
void backend_event_free(struct backend_event *event);

#endif
