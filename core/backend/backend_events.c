/* SPDX-License-Identifier: Apache-2.0 */
/* The queue of backend events for the loop thread; see backend_events.h. */
#include <config.h>

#include "core/backend/backend_events.h"

#include <stdlib.h>

#include "lib/patient.h"

int backend_events_open(struct backend_events *events, uv_loop_t *loop, uv_async_cb handle,
			struct warden_error *err)
{
	int result;

	STAILQ_INIT(&events->queue);
	pthread_mutex_init(&events->lock, NULL); /* cannot fail without attributes */
	result = uv_async_init(loop, &events->wakeup, handle);
	if (result < 0)
		return warden_error_set(err, "make the loop's wakeup: %s", uv_strerror(result));
	return 0;
}

void backend_events_close(struct backend_events *events)
{
	struct backend_event *event;

	while ((event = backend_events_take(events)))
		backend_event_free(event);
	pthread_mutex_destroy(&events->lock);
}

void backend_events_add(struct backend_events *events, const struct backend_event *event)
{
	/* Operations that wait for a lost event would hang. */
	struct backend_event *copy = patient_calloc(sizeof(*copy));

	*copy = *event;
	pthread_mutex_lock(&events->lock);
	STAILQ_INSERT_TAIL(&events->queue, copy, link);
	pthread_mutex_unlock(&events->lock);
	uv_async_send(&events->wakeup); /* fails only if the handle is closed */
}

void backend_event_free(struct backend_event *event)
{
	free(event->error);
	free(event);
}

struct backend_event *backend_events_take(struct backend_events *events)
{
	struct backend_event *event;

	pthread_mutex_lock(&events->lock);
	event = STAILQ_FIRST(&events->queue);
	if (event)
		STAILQ_REMOVE_HEAD(&events->queue, link);
	pthread_mutex_unlock(&events->lock);
	return event;
}
