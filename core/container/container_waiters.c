/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that wait for the end of a stop or a destroy. */
#include <config.h>

#include <stdlib.h>

#include "core/container/container.h"
#include "core/wire/request.h"

bool container_waiters_add(struct container_waiter_list *list, struct request *request)
{
	struct container_waiter *waiting = malloc(sizeof(*waiting));

	if (!waiting)
		return false;
	waiting->request = request;
	waiting->since = uv_now(&request->server->loop);
	TAILQ_INSERT_TAIL(list, waiting, link);
	return true;
}

void container_waiters_answer(struct container_waiter_list *list)
{
	struct container_waiter *waiting;

	while ((waiting = TAILQ_FIRST(list))) {
		TAILQ_REMOVE(list, waiting, link);
		request_answer_empty(waiting->request);
		free(waiting);
	}
}

void container_waiters_fail(struct container_waiter_list *list, uint64_t since, const char *text)
{
	struct container_waiter *waiting;

	/* The oldest is the first. */
	while ((waiting = TAILQ_FIRST(list)) && waiting->since <= since) {
		TAILQ_REMOVE(list, waiting, link);
		request_fail_text(waiting->request, text);
		free(waiting);
	}
}
