/* SPDX-License-Identifier: Apache-2.0 */
/* Tells the service manager how the daemon fares: sd_notify(3)'s protocol, a datagram to the socket
 * that NOTIFY_SOCKET names. Without that variable nothing happens and all is well. */
#ifndef CORE_NOTIFY_H
#define CORE_NOTIFY_H

#include "warden/backend.h"

/* Takes the address from the environment and removes it there, so that no process that the daemon
 * starts can speak for it. Called once, before there is any thread. */
int notify_open(struct warden_error *err);

/* The daemon listens: READY=1, with a status line for people. */
int notify_ready(struct warden_error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A status line for people: STATUS=. */
int notify_status(struct warden_error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The daemon is about to end: STOPPING=1. */
int notify_stopping(struct warden_error *err);

void notify_close(void);

#endif
