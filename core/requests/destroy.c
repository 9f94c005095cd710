/* SPDX-License-Identifier: Apache-2.0 */
/* Destroy: removes a container and everything that it holds, in any state. */
#include <config.h>

#include "core/wire/request.h"

static int destroy_run(struct request *request, struct warden_error *err)
{
	(void)err;
	container_destroy(request->container, request);
	return 0;
}

const struct request_handler destroy_request = {
	.type = WARDEN__MESSAGE__TYPE__Destroy,
	.name = "destroy",
	.message = &warden__destroy_request__descriptor,
	.needs = ACCESS_FULL,
	.audited = true,
	.states = STATE_ANY | STATE_UNREACHABLE,
	.run = destroy_run,
};
