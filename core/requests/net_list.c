/* SPDX-License-Identifier: Apache-2.0 */
/* NetList: answers the rules in force, in the format of NetReplace. */
#include <config.h>

#include <stdlib.h>

#include "core/rules/rules.h"
#include "core/wire/request.h"
#include "lib/cleanup.h"

/* The messages of an answer and the arrays of pointers to them. */
struct net_list {
	Warden__NetInRequest *in, **ins;
	Warden__NetOutRequest *out, **outs;
	struct rules_out_text *texts;
};

static bool net_list_init(struct net_list *listing, const struct rules *rules)
{
	listing->in = calloc(rules->n_in + 1, sizeof(*listing->in));
	listing->ins = calloc(rules->n_in + 1, sizeof(Warden__NetInRequest *));
	listing->out = calloc(rules->n_out + 1, sizeof(*listing->out));
	listing->outs = calloc(rules->n_out + 1, sizeof(Warden__NetOutRequest *));
	listing->texts = calloc(rules->n_out + 1, sizeof(*listing->texts));
	if (!listing->in || !listing->ins || !listing->out || !listing->outs || !listing->texts)
		return false;
	for (size_t i = 0; i < rules->n_in; i++) {
		rules_write_in(&listing->in[i], &rules->in[i]);
		listing->ins[i] = &listing->in[i];
	}
	for (size_t i = 0; i < rules->n_out; i++) {
		rules_write_out(&listing->out[i], &listing->texts[i], &rules->out[i]);
		listing->outs[i] = &listing->out[i];
	}
	return true;
}

static void net_list_free(struct net_list *listing)
{
	free(listing->in);
	free(listing->ins);
	free(listing->out);
	free(listing->outs);
	free(listing->texts);
}

static int net_list_run(struct request *request, struct warden_error *err)
{
	Warden__NetListResponse answer = WARDEN__NET_LIST_RESPONSE__INIT;
	const struct rules *rules = &request->container->rules;
	struct net_list listing;
	int result = 0;

	if (!rules_are_supported(request->container, err))
		return -1;
	if (net_list_init(&listing, rules)) {
		answer.in = listing.ins;
		answer.n_in = rules->n_in;
		answer.out = listing.outs;
		answer.n_out = rules->n_out;
		request_answer(request, &answer.base);
	} else {
		result = warden_error_set(err, "no memory for a list");
	}
	net_list_free(&listing);
	return result;
}

const struct request_handler net_list_request = {
	.type = WARDEN__MESSAGE__TYPE__NetList,
	.name = "net_list",
	.message = &warden__net_list_request__descriptor,
	.needs = ACCESS_READ,
	.states = STATE_ACTIVE | STATE_STOPPED,
	.run = net_list_run,
};
