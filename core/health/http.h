/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP server of health_check_server: answers /metrics with the daemon's metrics, /ui
 * with a page for people and every other request with 200. It runs in the daemon's loop and has no
 * threads. */
#ifndef CORE_HEALTH_HTTP_H
#define CORE_HEALTH_HTTP_H

#include "core/config/config.h"

struct server;

/* Binds the configured address, while the daemon still has its privileges and before it starts
 * anything else; does not listen yet. Sets `*fd` to the socket, or to -1 if the server is off. If
 * the address cannot be bound returns -1 and `err` ("FILE:LINE: ..."). See http_socket.c. */
int http_bind(const struct config *config, int *fd, struct warden_error *err);

/* Whether the address is one of this host, with any port: the configured one may be in use. */
int http_check(const struct config *config, struct warden_error *err);

/* Accepts clients at server->http_fd and takes ownership of it; does nothing if it is -1. -1 and
 * `err` on failure. */
int http_open(struct server *server, struct warden_error *err);

/* Closes the server and its connections. May be called again. */
void http_close(struct server *server);

#endif
