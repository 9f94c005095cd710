/* SPDX-License-Identifier: Apache-2.0 */
/* List: the handles of all containers, or of those that have all requested properties, in the order
 * of creation. */
#include <config.h>

#include <stdlib.h>

#include "core/wire/request.h"

static int list_matching(struct request *request, const struct property *wanted, size_t n,
			 struct warden_error *err)
{
	const struct registry *registry = &request->server->registry;
	Warden__ListResponse answer = WARDEN__LIST_RESPONSE__INIT;
	const struct container *c;

	answer.handles = calloc(registry->n + 1, sizeof(*answer.handles));
	if (!answer.handles)
		return warden_error_set(err, "no memory for %zu handles", registry->n);
	TAILQ_FOREACH(c, &registry->listed, listed) {
		if (!properties_match(&c->options, wanted, n))
			continue;
		answer.handles[answer.n_handles].data = (uint8_t *)c->handle;
		answer.handles[answer.n_handles++].len = strlen(c->handle);
	}
	request_answer(request, &answer.base);
	free(answer.handles);
	return 0;
}

static int list_run(struct request *request, struct warden_error *err)
{
	const Warden__ListRequest *asked = (const void *)request->message;
	struct property *wanted = NULL;
	size_t n = 0;
	int result = properties_take(asked->properties, asked->n_properties, &wanted, &n, err);

	if (result == 0)
		result = list_matching(request, wanted, n, err);
	properties_free(wanted, n);
	return result;
}

const struct request_handler list_request = {
	.type = WARDEN__MESSAGE__TYPE__List,
	.name = "list",
	.message = &warden__list_request__descriptor,
	.needs = ACCESS_READ,
	.run = list_run,
};
