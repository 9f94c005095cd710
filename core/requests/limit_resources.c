/* SPDX-License-Identifier: Apache-2.0 */
/* LimitMemory, LimitBandwidth and LimitCpu: each sets one limit and answers the value in force. */
#include <config.h>

#include "core/limits/limits.h"
#include "core/wire/request.h"

static void limit_memory_answer(struct request *request, const struct warden_limits *in_force)
{
	Warden__LimitMemoryResponse answer = WARDEN__LIMIT_MEMORY_RESPONSE__INIT;

	answer.has_limit_in_bytes = in_force->memory_bytes != WARDEN_UNKNOWN;
	answer.limit_in_bytes = in_force->memory_bytes;
	request_answer(request, &answer.base);
}

/* The limit of memory, and of memory and swap together. */
static int limit_memory_run(struct request *request, struct warden_error *err)
{
	const Warden__LimitMemoryRequest *message = (const void *)request->message;
	struct warden_limits asked;

	warden_limits_init(&asked);
	if (message->has_limit_in_bytes)
		asked.memory_bytes = limits_number(message->limit_in_bytes);
	return limits_request(request, &asked, "Failed setting memory limit: ", limit_memory_answer,
			      err);
}

const struct request_handler limit_memory_request = {
	.type = WARDEN__MESSAGE__TYPE__LimitMemory,
	.name = "limit_memory",
	.message = &warden__limit_memory_request__descriptor,
	.needs = ACCESS_FULL,
	.audited = true,
	.states = STATE_ACTIVE | STATE_STOPPED,
	.run = limit_memory_run,
};

static void limit_bandwidth_answer(struct request *request, const struct warden_limits *in_force)
{
	Warden__LimitBandwidthResponse answer = WARDEN__LIMIT_BANDWIDTH_RESPONSE__INIT;

	answer.rate = in_force->bandwidth_rate;
	answer.burst = in_force->bandwidth_burst;
	request_answer(request, &answer.base);
}

/* Rate and burst of both directions. */
static int limit_bandwidth_run(struct request *request, struct warden_error *err)
{
	const Warden__LimitBandwidthRequest *message = (const void *)request->message;
	struct warden_limits asked;

	warden_limits_init(&asked);
	limits_take_bandwidth(&asked, message->rate, message->burst);
	return limits_request(request, &asked, NULL, limit_bandwidth_answer, err);
}

const struct request_handler limit_bandwidth_request = {
	.type = WARDEN__MESSAGE__TYPE__LimitBandwidth,
	.name = "limit_bandwidth",
	.message = &warden__limit_bandwidth_request__descriptor,
	.needs = ACCESS_FULL,
	.audited = true,
	.states = STATE_ACTIVE | STATE_STOPPED,
	.run = limit_bandwidth_run,
};

static void limit_cpu_answer(struct request *request, const struct warden_limits *in_force)
{
	Warden__LimitCpuResponse answer = WARDEN__LIMIT_CPU_RESPONSE__INIT;

	answer.has_limit_in_shares = in_force->cpu_shares != WARDEN_UNKNOWN;
	answer.limit_in_shares = in_force->cpu_shares;
	request_answer(request, &answer.base);
}

/* The container's share of the cpus when they are short. */
static int limit_cpu_run(struct request *request, struct warden_error *err)
{
	const Warden__LimitCpuRequest *message = (const void *)request->message;
	struct warden_limits asked;

	warden_limits_init(&asked);
	if (message->has_limit_in_shares)
		asked.cpu_shares = limits_number(message->limit_in_shares);
	return limits_request(request, &asked, NULL, limit_cpu_answer, err);
}

const struct request_handler limit_cpu_request = {
	.type = WARDEN__MESSAGE__TYPE__LimitCpu,
	.name = "limit_cpu",
	.message = &warden__limit_cpu_request__descriptor,
	.needs = ACCESS_FULL,
	.audited = true,
	.states = STATE_ACTIVE | STATE_STOPPED,
	.run = limit_cpu_run,
};
