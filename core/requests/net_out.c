/* SPDX-License-Identifier: Apache-2.0 */
/* NetOut: allows the container to reach an address. A new rule precedes older ones. */
#include <config.h>

#include "core/rules/rules.h"
#include "core/wire/request.h"

static int net_out_edit(struct rules_change *change, struct warden_error *err)
{
	const Warden__NetOutRequest *asked = (const void *)change->request->message;
	struct warden_out_rule rule;

	if (rules_read_out(asked, &rule, err) < 0)
		return -1;
	return rules_add_out(&change->next, &rule, true, err);
}

static int net_out_run(struct request *request, struct warden_error *err)
{
	return rules_change_begin(request, net_out_edit, rules_answer_empty, err);
}

const struct request_handler net_out_request = {
	.type = WARDEN__MESSAGE__TYPE__NetOut,
	.name = "net_out",
	.message = &warden__net_out_request__descriptor,
	.needs = ACCESS_FULL,
	.audited = true,
	.states = STATE_ACTIVE,
	.run = net_out_run,
};
