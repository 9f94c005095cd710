/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the checks of requests' fields: options of a create and of a job, limits, network rules,
 * properties. Input: a byte, the position in proto/requests.h, and the request. What passes must
 * survive its way through the snapshot. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "core/container/create_options.h"
#include "core/job/job_options.h"
#include "core/limits/limits.h"
#include "core/rules/rules.h"
#include "core/server.h"
#include "core/wire/request.h"
#include "tests/fuzz/fuzz.h"

static const struct request_handler *const *handlers;
static size_t n_handlers;
static struct server server;

static void fuzz_messages_open(void)
{
	handlers = request_handlers(&n_handlers);
	server.settings.mtu = 1500;
	server.settings.disk_quota_enabled = true;
}

static void fuzz_messages_create(const Warden__CreateRequest *request)
{
	struct create_options options = {0}, again = {0};
	struct warden_error err;

	if (create_options_take(&options, request, &err) == 0) {
		json_t *json = create_options_to_json(&options);

		FUZZ_CHECK(json && create_options_from_json(&again, json));
		FUZZ_CHECK(again.n_layers == options.n_layers && again.n_env == options.n_env);
		FUZZ_CHECK(properties_match(&again, options.properties, options.n_properties));
		json_decref(json);
	}
	create_options_free(&options);
	create_options_free(&again);
}

static void fuzz_messages_limits(const Warden__Limits *message)
{
	struct warden_limits limits, again;
	struct warden_error err;
	Warden__Limits answer;
	json_t *json;

	if (limits_from_message(&limits, &server, message, &err) < 0)
		return;
	json = limits_to_json(&limits);
	warden_limits_init(&again);
	limits_read(&again, json);
	FUZZ_CHECK(again.memory_bytes == limits.memory_bytes && again.swap_off == limits.swap_off);
	json_decref(json);
	limits_to_message(&answer, &again);
	limits_free(&limits);
	limits_free(&again);
}

static void fuzz_messages_job(const Warden__SpawnRequest *request)
{
	static const struct warden_rlimit rlimits[WARDEN_RLIMITS];
	static char *const env[] = {(char *)"PATH=/bin", (char *)"A=1", NULL};
	const struct job_defaults defaults = {
		.env = {env, NULL}, .working_dir = "/srv", .user = "u", .rlimits = rlimits};
	struct job_options options;
	struct warden_error err;

	if (job_options_read(&options, request, &defaults, &err) < 0)
		return;
	free(job_options_command(&options));
	job_options_free(&options);
}

static void fuzz_messages_rules(const Warden__NetInRequest *in, const Warden__NetOutRequest *out)
{
	struct rules rules = {0}, again = {0};
	struct warden_error err;
	struct warden_in_rule in_rule;
	struct warden_out_rule out_rule;
	struct rules_out_text text;
	Warden__NetOutRequest answer;
	size_t index;
	json_t *json;

	if (in && rules_read_in(in, &in_rule, &err) == 0)
		FUZZ_CHECK(rules_add_in(&rules, &in_rule, &index, &err) == 0);
	if (out && rules_read_out(out, &out_rule, &err) == 0) {
		FUZZ_CHECK(rules_add_out(&rules, &out_rule, false, &err) == 0);
		rules_write_out(&answer, &text, &out_rule);
	}
	json = rules_to_json(&rules);
	FUZZ_CHECK(rules_from_json(&again, json) || rules.n_in > 0);
	json_decref(json);
	rules_free(&rules);
	rules_free(&again);
}

static void fuzz_messages_properties(Warden__Property *const *asked, size_t n)
{
	struct property *taken = NULL;
	struct warden_error err;
	size_t n_taken = 0;

	(void)properties_take(asked, n, &taken, &n_taken, &err); /* freed in either case */
	properties_free(taken, n_taken);
}

static void fuzz_messages_check(int type, const void *request)
{
	const Warden__ListRequest *list = request;
	const Warden__EventsRequest *events = request;
	const Warden__LimitRequest *limit = request;
	const Warden__SpawnPairRequest *pair = request;

	switch (type) {
	case WARDEN__MESSAGE__TYPE__Create:
		fuzz_messages_create(request);
		fuzz_messages_limits(((const Warden__CreateRequest *)request)->limits);
		break;
	case WARDEN__MESSAGE__TYPE__Limit:
		fuzz_messages_limits(limit->limits);
		break;
	case WARDEN__MESSAGE__TYPE__Spawn:
	case WARDEN__MESSAGE__TYPE__Run: /* the same fields */
		fuzz_messages_job(request);
		break;
	case WARDEN__MESSAGE__TYPE__SpawnPair:
		fuzz_messages_job(pair->first);
		fuzz_messages_job(pair->second);
		break;
	case WARDEN__MESSAGE__TYPE__NetIn:
		fuzz_messages_rules(request, NULL);
		break;
	case WARDEN__MESSAGE__TYPE__NetOut:
		fuzz_messages_rules(NULL, request);
		break;
	case WARDEN__MESSAGE__TYPE__List:
		fuzz_messages_properties(list->properties, list->n_properties);
		break;
	case WARDEN__MESSAGE__TYPE__Events:
		fuzz_messages_properties(events->properties, events->n_properties);
		break;
	default:
		break;
	}
}

static void fuzz_messages_run(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	const struct request_handler *handler = handlers[fuzz_take_byte(&input) % n_handlers];
	ProtobufCMessage *request =
		protobuf_c_message_unpack(handler->message, NULL, input.left, input.data);

	if (!request)
		return;
	fuzz_messages_check(handler->type, request);
	protobuf_c_message_free_unpacked(request, NULL);
}

const struct fuzz_target fuzz_target = {
	.name = "messages",
	.open = fuzz_messages_open,
	.run = fuzz_messages_run,
};
