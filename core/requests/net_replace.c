/* SPDX-License-Identifier: Apache-2.0 */
/* NetReplace: replaces all rules at once. */
#include <config.h>

#include <stdlib.h>

#include "core/rules/rules.h"
#include "core/wire/request.h"
#include "lib/cleanup.h"

static int net_replace_add_in(struct rules *rules, const Warden__NetInRequest *asked,
			      struct warden_error *err)
{
	struct warden_in_rule rule;
	size_t index, before = rules->n_in;

	if (rules_read_in(asked, &rule, err) < 0 || rules_add_in(rules, &rule, &index, err) < 0)
		return -1;
	if (rules->n_in == before)
		return warden_error_set(err, "host_port %u is given twice", rule.host_port);
	return 0;
}

static int net_replace_add_out(struct rules *rules, const Warden__NetOutRequest *asked,
			       struct warden_error *err)
{
	struct warden_out_rule rule;

	if (rules_read_out(asked, &rule, err) < 0)
		return -1;
	return rules_add_out(rules, &rule, false, err);
}

static int net_replace_edit(struct rules_change *change, struct warden_error *err)
{
	const Warden__NetReplaceRequest *asked = (const void *)change->request->message;
	struct rules *next = &change->next;

	next->n_in = next->n_out = 0;
	for (size_t i = 0; i < asked->n_in; i++)
		if (net_replace_add_in(next, asked->in[i], err) < 0)
			return rules_error_at("in", i, err);
	for (size_t i = 0; i < asked->n_out; i++)
		if (net_replace_add_out(next, asked->out[i], err) < 0)
			return rules_error_at("out", i, err);
	return 0;
}

static void net_replace_answer(struct rules_change *change)
{
	Warden__NetReplaceResponse answer = WARDEN__NET_REPLACE_RESPONSE__INIT;
	const struct rules *next = &change->next;
	_cleanup_free_ Warden__NetInResponse *in = calloc(next->n_in + 1, sizeof(*in));
	_cleanup_free_ Warden__NetInResponse **ins =
		calloc(next->n_in + 1, sizeof(Warden__NetInResponse *));

	if (!in || !ins) {
		request_fail_text(change->request, "no memory for an answer");
		return;
	}
	for (size_t i = 0; i < next->n_in; i++) {
		warden__net_in_response__init(&in[i]);
		in[i].host_port = next->in[i].host_port;
		in[i].container_port = next->in[i].container_port;
		ins[i] = &in[i];
	}
	answer.in = ins;
	answer.n_in = next->n_in;
	request_answer(change->request, &answer.base);
}

static int net_replace_run(struct request *request, struct warden_error *err)
{
	return rules_change_begin(request, net_replace_edit, net_replace_answer, err);
}

const struct request_handler net_replace_request = {
	.type = WARDEN__MESSAGE__TYPE__NetReplace,
	.name = "net_replace",
	.message = &warden__net_replace_request__descriptor,
	.needs = ACCESS_FULL,
	.audited = true,
	.states = STATE_ACTIVE,
	.run = net_replace_run,
};
