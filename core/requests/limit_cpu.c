/* SPDX-License-Identifier: Apache-2.0 */
/* LimitCpu: shares of the cpus where they are short; answers those in force. */
#include <config.h>

#include "core/limits/limits.h"
#include "core/wire/request.h"

static void answer(struct request *request, const struct warden_limits *in_force)
{
	Warden__LimitCpuResponse answer = WARDEN__LIMIT_CPU_RESPONSE__INIT;

	answer.has_limit_in_shares = in_force->cpu_shares != WARDEN_UNKNOWN;
	answer.limit_in_shares = in_force->cpu_shares;
	request_answer(request, &answer.base);
}

static int limit_cpu_run(struct request *request, struct warden_error *err)
{
	const Warden__LimitCpuRequest *message = (const void *)request->message;
	struct warden_limits asked;

	warden_limits_init(&asked);
	if (message->has_limit_in_shares)
		asked.cpu_shares = limits_number(message->limit_in_shares);
	return limits_request(request, &asked, true, answer, err);
}

const struct request_handler limit_cpu_request = {
	.type = WARDEN__MESSAGE__TYPE__LimitCpu,
	.name = "limit_cpu",
	.message = &warden__limit_cpu_request__descriptor,
	.states = STATE_ACTIVE | STATE_STOPPED,
	.run = limit_cpu_run,
};
