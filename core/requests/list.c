/* SPDX-License-Identifier: Apache-2.0 */
/* List: the handles of all containers in the order of their creation. */
#include <config.h>

#include <stdlib.h>

#include "core/request.h"

static int list_run(struct request *request, struct warden_error *err)
{
	const struct registry *registry = &request->server->registry;
	Warden__ListResponse answer = WARDEN__LIST_RESPONSE__INIT;
	const struct container *c;

	answer.handles = calloc(registry->n + 1, sizeof(*answer.handles));
	if (!answer.handles)
		return warden_error_set(err, "no memory for %zu handles", registry->n);
	TAILQ_FOREACH(c, &registry->listed, listed) {
		answer.handles[answer.n_handles].data = (uint8_t *)c->handle;
		answer.handles[answer.n_handles++].len = strlen(c->handle);
	}
	request_answer(request, &answer.base);
	free(answer.handles);
	return 0;
}

const struct request_klass list_request = {
	.type = WARDEN__MESSAGE__TYPE__List,
	.name = "list",
	.message = &warden__list_request__descriptor,
	.run = list_run,
};
