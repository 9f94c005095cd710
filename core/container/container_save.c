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

/* Records from now on need another save. */
static int container_save_prepare(struct operation *operation, struct warden_error *err)
{
	(void)err;
	operation->container->saving = false;
	return 0;
}

void container_save_jobs(struct container *c)
{
	struct operation *operation;

	if (c->saving || !c->alive || c->destroy.ending)
		return;
	operation = calloc(1, sizeof(*operation));
	if (!operation)
		return; /* the next save contains the change */
	operation->prepare = container_save_prepare;
	operation->run = snapshot_store;
	operation->done = container_save_done;
	operation->stores_jobs = true;
	c->saving = true;
	container_queue(c, operation);
}

void container_save(struct container *c)
{
	c->changed = true;
	container_save_jobs(c);
}

void container_event(struct container *c, const char *text)
{
	if (!container_note_event(c, text))
		return;
	log_write(WARDEN_LOG_INFO, "%s: event '%s'", c->id, text);
	container_save(c);
}
