/* SPDX-License-Identifier: Apache-2.0 */
/* A client of syslog: datagrams as the daemon of syslog(3) takes them, to a socket of one's choice.
 * It never waits: a line that syslog does not take at once is the caller's to deal with. */
#ifndef CORE_SYSLOG_H
#define CORE_SYSLOG_H

#include "warden/backend.h"

struct syslog_client;

/* `path`: the socket, which need not be there yet; NULL: the system's. NULL and `err` on failure.
 */
struct syslog_client *syslog_client_new(const char *path, struct warden_error *err);
void syslog_client_free(struct syslog_client *client);

/* Sends `<PRIORITY>Mon DD hh:mm:ss TAG: TEXT`; `priority` is facility and level of <syslog.h>.
 * -1 with errno. Thread-safe. */
int syslog_client_send(const struct syslog_client *client, int priority, const char *tag,
		       const char *text, size_t length);

#endif
