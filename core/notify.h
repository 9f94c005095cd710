/* SPDX-License-Identifier: Apache-2.0 */
/* Reports the daemon's state to the service manager by the protocol of sd_notify(3): a datagram to
 * the socket in NOTIFY_SOCKET. Without that variable each function succeeds and does nothing. Each
 * returns 0, or -1 and `err`. */
#ifndef CORE_NOTIFY_H
#define CORE_NOTIFY_H

#include "warden/backend.h"

/* Reads the address from the environment and removes it there, so that no process that the daemon
 * starts can send notifications in its name. Called once, before there is a second thread. */
int notify_open(struct warden_error *err);

/* Reports that the daemon listens (READY=1), with a human-readable status line. */
int notify_ready(struct warden_error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Reports that the settings are read again (RELOADING=1); notify_ready follows. */
int notify_reloading(struct warden_error *err);

/* Reports a human-readable status line (STATUS=). */
int notify_status(struct warden_error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Reports that the daemon is about to end (STOPPING=1). */
int notify_stopping(struct warden_error *err);

void notify_close(void);

#endif
