/* SPDX-License-Identifier: Apache-2.0 */
/* Closes open connections whose rights change with the settings of who may talk: the client
 * connects again, and is told if it is denied access. */
#include <config.h>

#include <stdlib.h>

#include "core/server.h"
#include "core/wire/connection.h"

/* The kernel keeps the peer and its groups as they were when it connected. */
static bool access_review_differs(const struct connection *connection)
{
	const struct config *config = connection->server->config;
	struct access_peer peer;
	struct warden_error why;
	enum access_class now;
	int fd;

	/* One that is denied access already, or whose descriptor is gone, closes by itself. */
	if (connection->access == ACCESS_NONE ||
	    uv_fileno((const uv_handle_t *)&connection->pipe, &fd) < 0)
		return false;
	access_read_peer(fd, access_needs_groups(config), &peer);
	now = access_class_of(config, &peer, &why);
	free(peer.groups);
	return now != connection->access;
}

static struct connection *access_review_find(const struct server *server)
{
	struct connection *connection;

	TAILQ_FOREACH(connection, &server->connections, link)
		if (connection->outdated)
			return connection;
	return NULL;
}

void access_review(struct server *server)
{
	struct connection *connection;

	TAILQ_FOREACH(connection, &server->connections, link)
		connection->outdated = access_review_differs(connection);
	/* The end of a request may close others, so each is searched for. */
	while ((connection = access_review_find(server))) {
		log_write_limited(&connection->account->log_limit, connection->account->name,
				  WARDEN_LOG_INFO, "connection closed: what it may do has changed");
		connection_close(connection);
	}
}
