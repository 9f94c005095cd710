/* SPDX-License-Identifier: Apache-2.0 */
/* The listening socket that a service manager passes, by the protocol of sd_listen_fds(3): the
 * variables LISTEN_PID and LISTEN_FDS. Clients can connect to it while no daemon runs; their
 * requests wait for the next one. */
#ifndef CORE_ACTIVATION_H
#define CORE_ACTIVATION_H

#include "warden/backend.h"

/* Finds the passed socket, if there is one, which must be a Unix stream socket that listens on
 * `path`. Removes the variables, so that no process that the daemon starts reads them. Called once,
 * before there is a second thread. Returns 0, or -1 and `err`. */
int activation_open(const char *path, struct warden_error *err);

/* Returns the socket, non-blocking and close-on-exec, which then belongs to the caller; -1: none
 * was passed. */
int activation_take(void);

#endif
