/* SPDX-License-Identifier: Apache-2.0 */
/* LimitMemory: memory, and memory and swap together; answers the limit in force. */
#include <config.h>

#include "core/limits/limits.h"
#include "core/wire/request.h"

static void answer(struct request *request, const struct warden_limits *in_force)
{
	Warden__LimitMemoryResponse answer = WARDEN__LIMIT_MEMORY_RESPONSE__INIT;

	answer.has_limit_in_bytes = in_force->memory_bytes != WARDEN_UNKNOWN;
	answer.limit_in_bytes = in_force->memory_bytes;
	request_answer(request, &answer.base);
}

static int limit_memory_run(struct request *request, struct warden_error *err)
{
	const Warden__LimitMemoryRequest *message = (const void *)request->message;
	struct warden_limits asked;

	warden_limits_init(&asked);
	if (message->has_limit_in_bytes)
		asked.memory_bytes = limits_number(message->limit_in_bytes);
	return limits_request(request, &asked, true, answer, err);
}

const struct request_handler limit_memory_request = {
	.type = WARDEN__MESSAGE__TYPE__LimitMemory,
	.name = "limit_memory",
	.message = &warden__limit_memory_request__descriptor,
	.states = STATE_ACTIVE | STATE_STOPPED,
	.run = limit_memory_run,
};
