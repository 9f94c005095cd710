/* SPDX-License-Identifier: Apache-2.0 */
/* A syslog client: sends datagrams to a given socket in the format of syslog(3). It never blocks:
 * if syslog does not accept a line at once the send fails. */
#ifndef CORE_SYSLOG_H
#define CORE_SYSLOG_H

#include "warden/backend.h"

struct syslog_client;

/* Creates a client of the socket `path`, which need not exist yet; NULL: the system's. NULL and
 * `err` on failure. */
struct syslog_client *syslog_client_new(const char *path, struct warden_error *err);
void syslog_client_free(struct syslog_client *client);

/* Sends `<PRIORITY>Mon DD hh:mm:ss TAG: TEXT`; `priority` is facility and level of <syslog.h>.
 * Returns 0, or -1 and errno. Thread-safe. */
int syslog_client_send(const struct syslog_client *client, int priority, const char *tag,
		       const char *text, size_t length);

#endif
