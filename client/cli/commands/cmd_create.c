/* SPDX-License-Identifier: Apache-2.0 */
/* `warden create`: the container, and its forwarded ports, which are a further request. */
#include <config.h>

#include "client/cli/cli.h"

enum { REQUEST_CREATE, REQUEST_PUBLISH };

int publish_prepare(const struct invocation *invocation, struct warden_message *rules,
		    const char *handle, size_t length)
{
	if (warden_message_set_bytes(rules, "handle", handle, length) == 0)
		return 0;
	complain(invocation, "out of memory");
	return STATUS_FAILED;
}

/* Forwards the ports of --publish; a container without one of them is destroyed. */
static int cmd_create_publish(struct invocation *invocation, const char *handle, size_t length)
{
	struct warden_message *rules = invocation->requests[REQUEST_PUBLISH], *request, *answer;
	int status;

	if (warden_message_count(rules, "in") == 0)
		return 0;
	status = publish_prepare(invocation, rules, handle, length);
	answer = status == 0 ? warden_client_call(invocation->client, rules) : NULL;
	if (status == 0 && !answer)
		status = client_failed(invocation);
	warden_message_free(answer);
	if (status == 0)
		return 0;
	request = request_with_handle(invocation, "destroy", handle, length);
	answer = request ? warden_client_call(invocation->client, request) : NULL;
	if (request && !answer)
		client_failed(invocation);
	warden_message_free(answer);
	warden_message_free(request);
	return status;
}

int cmd_create(struct invocation *invocation)
{
	struct warden_message *answer;
	const char *handle;
	size_t length;
	int status = call_prepare(invocation);

	if (status != 0)
		return status;
	answer = warden_client_call(invocation->client, invocation->requests[REQUEST_CREATE]);
	if (!answer)
		return client_failed(invocation);
	handle = warden_message_bytes(answer, "handle", 0, &length);
	status = cmd_create_publish(invocation, handle, length);
	if (status == 0)
		status = print_answer(invocation, answer);
	warden_message_free(answer);
	return status;
}
