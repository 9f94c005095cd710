/* SPDX-License-Identifier: Apache-2.0 */
/* Facts about the daemon and its use of the host: the core's are collected on the loop thread, the
 * backend's on a worker. Loop thread only. */
#ifndef CORE_HEALTH_STATUS_FACTS_H
#define CORE_HEALTH_STATUS_FACTS_H

#include "core/backend/facts.h"

struct server;

/* Receives the facts, valid during the call; NULL and `err` if the backend failed. The list may
 * have failed, too; see facts.h. */
typedef void status_facts_function(void *data, const struct facts *facts,
				   const struct warden_error *err);

/* Collects the facts and calls `done` once, maybe before it returns. -1 and `err` if there is no
 * memory; `done` is then not called. */
int status_facts_collect(struct server *server, status_facts_function *done, void *data,
			 struct warden_error *err);

#endif
