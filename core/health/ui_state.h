/* SPDX-License-Identifier: Apache-2.0 */
/* What the page of ui.h shows, as JSON. */
#ifndef CORE_HEALTH_UI_STATE_H
#define CORE_HEALTH_UI_STATE_H

#include "core/backend/facts.h"
#include "core/health/history.h"

/* Containers that a state lists at most, so that making it does not block the loop. */
enum { UI_CONTAINERS = 500 };

/* Returns a JSON text of the daemon's figures, pools, requests, what is lacking among `facts`, the
 * history and the last known figures of the containers, with no output, environment or property of
 * them; doc/metrics.md describes it. The caller frees it. `facts` is NULL while they are not
 * known. NULL: no memory. */
char *ui_state_text(struct server *server, const struct history *history,
		    const struct facts *facts);

#endif
