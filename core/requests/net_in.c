/* SPDX-License-Identifier: Apache-2.0 */
/* NetIn: forwards a port of the host to the container. */
#include <config.h>

#include "core/rules/rules.h"
#include "core/wire/request.h"

static int net_in_edit(struct rules_change *change, struct warden_error *err)
{
	const Warden__NetInRequest *asked = (const void *)change->request->message;
	struct warden_in_rule rule;

	if (rules_read_in(asked, &rule, err) < 0)
		return -1;
	return rules_add_in(&change->next, &rule, &change->index, err);
}

static void net_in_answer(struct rules_change *change)
{
	Warden__NetInResponse answer = WARDEN__NET_IN_RESPONSE__INIT;

	answer.host_port = change->next.in[change->index].host_port;
	answer.container_port = change->next.in[change->index].container_port;
	request_answer(change->request, &answer.base);
}

static int net_in_run(struct request *request, struct warden_error *err)
{
	return rules_change_begin(request, net_in_edit, net_in_answer, err);
}

const struct request_handler net_in_request = {
	.type = WARDEN__MESSAGE__TYPE__NetIn,
	.name = "net_in",
	.message = &warden__net_in_request__descriptor,
	.needs = ACCESS_FULL,
	.audited = true,
	.states = STATE_ACTIVE,
	.run = net_in_run,
};
