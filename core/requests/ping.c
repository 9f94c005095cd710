/* SPDX-License-Identifier: Apache-2.0 */
/* Ping: an empty answer. */
#include <config.h>

#include "core/wire/request.h"

static int ping_run(struct request *request, struct warden_error *err)
{
	(void)err;
	request_answer_empty(request);
	return 0;
}

const struct request_handler ping_request = {
	.type = WARDEN__MESSAGE__TYPE__Ping,
	.name = "ping",
	.message = &warden__ping_request__descriptor,
	.needs = ACCESS_READ,
	.run = ping_run,
};
