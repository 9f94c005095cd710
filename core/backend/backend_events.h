/* SPDX-License-Identifier: Apache-2.0 */
/* What backends tell from any thread, handed to the loop thread in the order of its coming. */
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
	EVENT_FAILED,
	EVENT_TRANSFER_ENDED,
};

struct event {
	STAILQ_ENTRY(event) link;
	enum event_type type;
	char id[32];
	uint32_t job_id;
	struct warden_job_end end; /* of EVENT_JOB_ENDED */
	uint64_t transfer_id;      /* of EVENT_TRANSFER_ENDED */
	uint64_t transfer_size;    /* likewise */
	char *error;               /* likewise and of EVENT_CREATED, malloc'd; NULL: none */
	void *container;           /* of EVENT_CREATED: the backend's */
};

struct events {
	pthread_mutex_t lock;
	STAILQ_HEAD(, event) queue;
	uv_async_t wakeup;
};

/* `handle` runs on the loop thread. */
int backend_events_open(struct events *events, uv_loop_t *loop, uv_async_cb handle,
			struct warden_error *err);
void backend_events_close(struct events *events);

/* Any thread; copies the event. */
void backend_events_add(struct events *events, const struct event *event);

/* The oldest, to be freed by backend_event_free; NULL: none. */
struct event *backend_events_take(struct events *events);
void backend_event_free(struct event *event);

#endif
