/* SPDX-License-Identifier: Apache-2.0 */
/* LimitBandwidth: rate and burst of both directions. */
#include <config.h>

#include "core/limits/limits.h"
#include "core/wire/request.h"

static void answer(struct request *request, const struct warden_limits *in_force)
{
	Warden__LimitBandwidthResponse answer = WARDEN__LIMIT_BANDWIDTH_RESPONSE__INIT;

	answer.rate = in_force->bandwidth_rate;
	answer.burst = in_force->bandwidth_burst;
	request_answer(request, &answer.base);
}

static int limit_bandwidth_run(struct request *request, struct warden_error *err)
{
	const Warden__LimitBandwidthRequest *message = (const void *)request->message;
	const struct limits_bandwidth bandwidth = {message->rate, message->burst, "rate", "burst"};
	struct warden_limits asked;

	warden_limits_init(&asked);
	if (limits_take_bandwidth(&asked, request->server, &bandwidth, err) < 0)
		return -1;
	return limits_request(request, &asked, true, answer, err);
}

const struct request_handler limit_bandwidth_request = {
	.type = WARDEN__MESSAGE__TYPE__LimitBandwidth,
	.name = "limit_bandwidth",
	.message = &warden__limit_bandwidth_request__descriptor,
	.states = STATE_ACTIVE | STATE_STOPPED,
	.run = limit_bandwidth_run,
};
