/* SPDX-License-Identifier: Apache-2.0 */
/* A create that takes over a prepared container (prepared.h): a worker lets the backend set what
 * the request asks for and moves the directory to its place. If that fails, the create begins as if
 * there were none, and the prepared one is removed. */
#include <config.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "core/backend/backend_call.h"
#include "core/container/prepared.h"
#include "core/container/prepared_source.h"
#include "core/log.h"
#include "core/requests/creation.h"
#include "core/server.h"
#include "lib/trace.h"

/* The container takes over what was made of a prepared one. A handle that the client did not choose
 * is the id, unless another client has chosen that. */
void create_adopt_take_over(struct creation *creation, struct container *prepared)
{
	struct container *c = creation->operation.container;
	bool named = strcmp(c->handle, c->id) != 0;

	registry_remove(&c->server->registry, prepared);
	container_exchange(c, prepared);
	if (!named && !registry_find_handle(&c->server->registry, c->id))
		memcpy(c->handle, c->id, sizeof(c->id));
	creation->shell = prepared;
}

void create_adopt_give_back(struct creation *creation)
{
	struct container *c = creation->operation.container, *prepared = creation->shell;
	struct registry *registry = &c->server->registry;

	creation->shell = NULL;
	registry_remove(registry, c);
	container_exchange(c, prepared);
	registry_add(registry, c);
	registry_add(registry, prepared);
	registry_forget_handle(registry, prepared);
	prepared_discard(prepared);
}

/* Worker thread. If it fails nothing needs to be undone, since the prepared container is removed
 * then. */
static int create_adopt_run(struct operation *operation, struct warden_error *err)
{
	struct creation *creation = (struct creation *)operation;
	struct container *c = operation->container;
	struct server *server = c->server;

	if (create_admit(creation, err) < 0 || create_read_image(creation, err) < 0)
		return -1;
	trace_step(creation->trace, "create", "queue", c->id);
	creation->failed = true; /* from here on a failure is that of the prepared container */
	if (prepared_sources_compare(c, creation->shell, err) < 0)
		return -1;
	create_fill_parameters(&creation->parameters, c);
	if (BACKEND_CALL(server->container_klass, c->id, adopt, err, c->backend,
			 &creation->parameters) < 0)
		return -1;
	trace_step(creation->trace, "create", "adopt", c->id);
	if (renameat2(server->tmp_fd, c->id, server->depot_fd, c->id, RENAME_NOREPLACE) < 0)
		return warden_error_errno(err, "move the prepared container to %s/%s",
					  server->settings.depot_path, c->id);
	creation->failed = false;
	creation->moved = true;
	return 0;
}

bool create_adopt_begin_anew(struct creation *creation, struct warden_error *err)
{
	struct container *c = creation->operation.container;
	const struct server *server = c->server;

	if (creation->moved &&
	    renameat2(server->depot_fd, c->id, server->tmp_fd, c->id, RENAME_NOREPLACE) < 0)
		return false; /* it is destroyed in its place */
	log_write(WARDEN_LOG_INFO, "%s: made anew: %s", c->id, err->message);
	c->server->prepared.misses++;
	creation->failed = creation->init_died = creation->moved = false;
	create_adopt_give_back(creation);
	if (create_room_begin(creation, err) < 0)
		create_end(creation, -1, err);
	return true;
}

static void create_adopt_done(struct operation *operation, int result, struct warden_error *err)
{
	struct creation *creation = (struct creation *)operation;

	if (result < 0 && creation->failed && create_adopt_begin_anew(creation, err))
		return;
	if (result == 0) {
		create_finish(creation);
		return;
	}
	/* Not admitted, or the image's file is wrong. */
	create_adopt_give_back(creation);
	create_end(creation, result, err);
}

void create_adopt_begin(struct creation *creation)
{
	struct operation *operation = &creation->operation;

	operation->run = create_adopt_run;
	operation->done = create_adopt_done;
	container_queue(operation->container, operation);
}
