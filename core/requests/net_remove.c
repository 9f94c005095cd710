/* SPDX-License-Identifier: Apache-2.0 */
/* NetRemove: removes rules, all that are given or none. */
#include <config.h>

#include "core/rules/rules.h"
#include "core/wire/request.h"

static int net_remove_in(struct rules *rules, const Warden__NetInRequest *asked,
			 struct warden_error *err)
{
	struct warden_in_rule rule;

	if (rules_read_in(asked, &rule, err) < 0)
		return -1;
	if (rule.host_port == 0)
		return warden_error_set(err, "host_port is missing");
	return rules_remove_in(rules, &rule, err);
}

static int net_remove_out(struct rules *rules, const Warden__NetOutRequest *asked,
			  struct warden_error *err)
{
	struct warden_out_rule rule;

	if (rules_read_out(asked, &rule, err) < 0)
		return -1;
	return rules_remove_out(rules, &rule, err);
}

static int net_remove_edit(struct rules_change *change, struct warden_error *err)
{
	const Warden__NetRemoveRequest *asked = (const void *)change->request->message;

	for (size_t i = 0; i < asked->n_in; i++)
		if (net_remove_in(&change->next, asked->in[i], err) < 0)
			return rules_error_at("in", i, err);
	for (size_t i = 0; i < asked->n_out; i++)
		if (net_remove_out(&change->next, asked->out[i], err) < 0)
			return rules_error_at("out", i, err);
	return 0;
}

static int net_remove_run(struct request *request, struct warden_error *err)
{
	return rules_change_begin(request, net_remove_edit, rules_answer_empty, err);
}

const struct request_handler net_remove_request = {
	.type = WARDEN__MESSAGE__TYPE__NetRemove,
	.name = "net_remove",
	.message = &warden__net_remove_request__descriptor,
	.needs = ACCESS_FULL,
	.audited = true,
	.states = STATE_ACTIVE | STATE_STOPPED,
	.run = net_remove_run,
};
