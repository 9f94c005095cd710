/* SPDX-License-Identifier: Apache-2.0 */
/* Info: reports state, events, addresses, jobs and figures of a container. */
#include <config.h>

#include "core/container/container_info.h"

#include "core/wire/request.h"

static void info_on_figures(struct container *c, void *data)
{
	struct request *request = data;
	struct info_answer answer;

	if (container_info_answer_init(&answer, c, &c->info))
		request_answer(request, &answer.message.base);
	else
		request_fail_text(request, "no memory for an info");
	container_info_answer_free(&answer);
}

static int info_run(struct request *request, struct warden_error *err)
{
	if (request->container->state == STATE_DESTROYING)
		/* The backend may not answer any more. */
		info_on_figures(request->container, request);
	else if (!container_info_ask(request->container, info_on_figures, request))
		return warden_error_set(err, "no memory for an info");
	return 0;
}

const struct request_handler info_request = {
	.type = WARDEN__MESSAGE__TYPE__Info,
	.name = "info",
	.message = &warden__info_request__descriptor,
	.needs = ACCESS_READ,
	.states = STATE_ACTIVE | STATE_STOPPED | STATE_DESTROYING | STATE_UNREACHABLE,
	.run = info_run,
};
