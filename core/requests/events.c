/* SPDX-License-Identifier: Apache-2.0 */
/* Events: sends events until the client leaves or the daemon ends; see core/state/journal.h. */
#include <config.h>

#include "core/state/journal.h"
#include "core/wire/request.h"

const struct request_handler events_request = {
	.type = WARDEN__MESSAGE__TYPE__Events,
	.name = "events",
	.message = &warden__events_request__descriptor,
	.needs = ACCESS_READ,
	.waits = true,
	.run = journal_subscribe,
	.cancel = journal_cancel,
	.written = journal_written,
};
