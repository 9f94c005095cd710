/* SPDX-License-Identifier: Apache-2.0 */
/* SIGHUP: reads the configuration again. */
#ifndef CORE_RELOAD_H
#define CORE_RELOAD_H

struct server;

/* Reopens the log, reads the configuration on a worker and takes over what may change while the
 * daemon runs. An invalid one changes nothing. The log says what changed. */
void reload_begin(struct server *server);

#endif
