/* SPDX-License-Identifier: Apache-2.0 */
/* Status: facts about the daemon and its use of the host. */
#include <config.h>

#include <stdlib.h>

#include "core/health/status_facts.h"
#include "core/wire/request.h"

static Warden__StatusResponse__Fact *status_encode_fact(const struct fact_copy *fact)
{
	Warden__StatusResponse__Fact *message = malloc(sizeof(*message));

	if (!message)
		return NULL;
	warden__status_response__fact__init(message);
	message->name = (ProtobufCBinaryData){strlen(fact->name), (uint8_t *)fact->name};
	message->value = (ProtobufCBinaryData){strlen(fact->value), (uint8_t *)fact->value};
	message->good = fact->good;
	message->has_effect = fact->effect != NULL;
	if (fact->effect)
		message->effect =
			(ProtobufCBinaryData){strlen(fact->effect), (uint8_t *)fact->effect};
	message->has_remedy = fact->remedy != NULL;
	if (fact->remedy)
		message->remedy =
			(ProtobufCBinaryData){strlen(fact->remedy), (uint8_t *)fact->remedy};
	return message;
}

static void status_answer(struct request *request, const struct facts *facts)
{
	static const char version[] = PACKAGE_VERSION;
	const char *backend = request->server->container_klass->name;
	Warden__StatusResponse message = WARDEN__STATUS_RESPONSE__INIT;
	bool complete = !facts->failed;

	message.version = (ProtobufCBinaryData){strlen(version), (uint8_t *)version};
	message.backend = (ProtobufCBinaryData){strlen(backend), (uint8_t *)backend};
	message.facts = calloc(facts->n + 1, sizeof(Warden__StatusResponse__Fact *));
	for (size_t i = 0; message.facts && i < facts->n; i++) {
		message.facts[i] = status_encode_fact(&facts->facts[i]);
		if (!message.facts[i])
			break;
		message.n_facts++;
	}
	if (complete && message.facts && message.n_facts == facts->n)
		request_answer(request, &message.base);
	else
		request_fail_text(request, "no memory for the status");
	for (size_t i = 0; i < message.n_facts; i++)
		free(message.facts[i]);
	free(message.facts);
}

static void status_on_facts(void *data, const struct facts *facts, const struct warden_error *err)
{
	if (facts)
		status_answer(data, facts);
	else
		request_fail(data, err);
}

static int status_run(struct request *request, struct warden_error *err)
{
	return status_facts_collect(request->server, status_on_facts, request, err);
}

const struct request_handler status_request = {
	.type = WARDEN__MESSAGE__TYPE__Status,
	.name = "status",
	.message = &warden__status_request__descriptor,
	.needs = ACCESS_READ,
	.run = status_run,
};
