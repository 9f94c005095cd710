/* SPDX-License-Identifier: Apache-2.0 */
/* Limit: sets any limits at once, all or none; answers all limits in force. */
#include <config.h>

#include "core/limits/limits.h"
#include "core/wire/request.h"

static void limit_answer(struct request *request, const struct warden_limits *in_force)
{
	Warden__LimitResponse answer = WARDEN__LIMIT_RESPONSE__INIT;
	Warden__Limits limits;

	limits_to_message(&limits, in_force);
	answer.limits = &limits;
	request_answer(request, &answer.base);
}

static int limit_run(struct request *request, struct warden_error *err)
{
	const Warden__LimitRequest *message = (const void *)request->message;
	struct warden_limits asked;
	int result;

	if (limits_from_message(&asked, request->server, message->limits, err) < 0)
		return -1;
	result = limits_request(request, &asked, NULL, limit_answer, err);
	limits_free(&asked);
	return result;
}

const struct request_handler limit_request = {
	.type = WARDEN__MESSAGE__TYPE__Limit,
	.name = "limit",
	.message = &warden__limit_request__descriptor,
	.needs = ACCESS_FULL,
	.audited = true,
	.states = STATE_ACTIVE | STATE_STOPPED,
	.run = limit_run,
};
