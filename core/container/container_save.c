/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a container's snapshot when no request waits for it, and records its events. */
#include <config.h>

#include <stdlib.h>

#include "core/container/container.h"
#include "core/log.h"
#include "core/state/snapshot.h"

static void container_save_done(struct operation *operation, int result, struct warden_error *err)
{
	if (result < 0 && !operation->container->destroy.started)
		log_write(WARDEN_LOG_ERROR, "%s: %s", operation->container->id, err->message);
	free(operation);
}

void container_save(struct container *c)
{
	struct operation *operation = calloc(1, sizeof(*operation));

	if (!operation || !c->alive || c->state == STATE_DESTROYED) {
		free(operation); /* the next snapshot contains the change */
		return;
	}
	operation->run = snapshot_store;
	operation->done = container_save_done;
	operation->make_snapshot = snapshot_text;
	container_queue(c, operation);
}

void container_event(struct container *c, const char *text)
{
	if (!container_note_event(c, text))
		return;
	log_write(WARDEN_LOG_INFO, "%s: event '%s'", c->id, text);
	container_save(c);
}
