/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP server of health_check_server: every request is answered by 200 while the daemon works,
 * one for /metrics by the daemon's metrics. It runs in the daemon's loop, without threads of its
 * own. */
#ifndef CORE_HEALTH_HTTP_H
#define CORE_HEALTH_HTTP_H

#include "core/config/config.h"

struct server;

/* Binds the configured address, so that this happens while the daemon has its privileges and before
 * anything else is begun; nobody is let in yet. `*fd` is -1 where it is off. -1 and `err`
 * ("FILE:LINE: ..."): it cannot be had. See http_socket.c. */
int http_bind(const struct config *config, int *fd, struct warden_error *err);

/* Lets clients in at server->http_fd, which is taken; does nothing where it is -1. */
int http_open(struct server *server, struct warden_error *err);

/* Closes it and every connection to it. May be called again. */
void http_close(struct server *server);

#endif
