/* SPDX-License-Identifier: Apache-2.0 */
/* References of connections to containers, and the grace time that begins when the last reference
 * is gone. A connection that was open when a container was created counts without an explicit
 * reference: connections are numbered, so the oldest open one decides. */
#include <config.h>

#include <stdlib.h>

#include "core/container/container.h"
#include "core/container/container_subject.h"
#include "core/log.h"
#include "core/server.h"
#include "core/wire/connection.h"

/* A client that may only read has no influence on how long a container lives. */
static bool grace_counts(const struct connection *connection)
{
	return connection->access == ACCESS_FULL;
}

const struct connection *grace_oldest_connection(const struct server *server)
{
	const struct connection *connection;

	TAILQ_FOREACH(connection, &server->connections, link)
		if (grace_counts(connection))
			return connection;
	return NULL;
}

static bool grace_is_referenced(const struct container *c)
{
	const struct connection *oldest = grace_oldest_connection(c->server);

	return !LIST_EMPTY(&c->references) || (oldest && oldest->serial <= c->created_serial);
}

static void grace_on_timer(uv_timer_t *timer)
{
	struct container *c = timer->data;

	log_write(WARDEN_LOG_INFO, "%s: its grace time of %u s without a reference is over", c->id,
		  c->grace_time);
	grace_stop(c);
	container_destroy(c, NULL);
}

void grace_stop(struct container *c)
{
	timer_stop(&c->grace_timer);
	if (c->is_idle)
		TAILQ_REMOVE(&c->server->idle, c, idle);
	c->is_idle = false;
}

/* Milliseconds. After a restart each container waits at least for as long as its clients try to
 * reach the new daemon: one whose client leaves at its end, with a grace time of 0, would be gone
 * before the client is back. */
static uint64_t grace_wait_time(const struct container *c)
{
	uint64_t grace_time = (uint64_t)c->grace_time * 1000, now = uv_now(&c->server->loop);
	bool recovered = c->created_serial == 0;

	if (!recovered || c->server->return_time_end < now + grace_time)
		return grace_time;
	return c->server->return_time_end - now;
}

void grace_update(struct container *c)
{
	bool wanted = c->is_listed && !c->destroy.started && !c->server->draining &&
		      c->state != STATE_UNREACHABLE && !grace_is_referenced(c);

	if (!wanted) {
		grace_stop(c);
		return;
	}
	if (c->is_idle)
		return;
	c->is_idle = true;
	TAILQ_INSERT_TAIL(&c->server->idle, c, idle);
	if (c->grace_time != GRACE_NEVER)
		c->grace_timer = timer_start(c->server, grace_wait_time(c), grace_on_timer, c);
}

/* After recovery, before the first grace_update. */
void grace_begin_return_time(struct server *server)
{
	uv_update_time(&server->loop);
	server->return_time_end =
		uv_now(&server->loop) + (uint64_t)server->config->server.client_return_time * 1000;
}

void container_reference(struct container *c, struct connection *connection)
{
	struct reference *reference;

	if (!grace_counts(connection))
		return;
	LIST_FOREACH(reference, &c->references, of_container)
		if (reference->connection == connection)
			return;
	reference = malloc(sizeof(*reference));
	if (!reference) {
		log_write(WARDEN_LOG_ERROR, "%s: no memory for a reference", c->id);
		return;
	}
	*reference = (struct reference){.connection = connection, .container = c};
	LIST_INSERT_HEAD(&c->references, reference, of_container);
	LIST_INSERT_HEAD(&connection->references, reference, of_connection);
	grace_update(c);
}

static void grace_drop_reference(struct reference *reference)
{
	LIST_REMOVE(reference, of_container);
	LIST_REMOVE(reference, of_connection);
	free(reference);
}

void grace_connection_opened(struct connection *connection)
{
	struct container *c, *next;

	for (c = TAILQ_FIRST(&connection->server->idle); c; c = next) {
		next = TAILQ_NEXT(c, idle);
		container_reference(c, connection);
	}
}

void grace_connection_closed(struct connection *connection, bool was_oldest)
{
	struct reference *reference;
	struct container *c, *next;

	while ((reference = LIST_FIRST(&connection->references))) {
		c = reference->container;
		grace_drop_reference(reference);
		grace_update(c);
	}
	for (c = was_oldest ? TAILQ_FIRST(&connection->server->registry.listed) : NULL; c;
	     c = next) {
		next = TAILQ_NEXT(c, listed);
		if (connection->serial <= c->created_serial)
			grace_update(c);
	}
}

static void grace_init(struct container *c)
{
	LIST_INIT(&c->references);
}

static void grace_release(struct container *c)
{
	while (!LIST_EMPTY(&c->references))
		grace_drop_reference(LIST_FIRST(&c->references));
	grace_stop(c);
}

const struct container_subject grace_subject = {
	.init = grace_init,
	.release = grace_release,
};
