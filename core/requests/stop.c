/* SPDX-License-Identifier: Apache-2.0 */
/* Stop: ends all processes of a container, with SIGTERM first unless `kill` is set. It is answered
 * when they have ended, or at once if `background` is set. */
#include <config.h>

#include <signal.h>

#include "core/wire/request.h"

static int stop_run(struct request *request, struct warden_error *err)
{
	const Warden__StopRequest *message = (const void *)request->message;
	int signal = message->kill ? SIGKILL : SIGTERM;
	bool background = message->background; /* read here: container_stop may free the request */

	(void)err;
	container_stop(request->container, signal, background ? NULL : request);
	if (background)
		request_answer_empty(request);
	return 0;
}

const struct request_handler stop_request = {
	.type = WARDEN__MESSAGE__TYPE__Stop,
	.name = "stop",
	.message = &warden__stop_request__descriptor,
	.needs = ACCESS_FULL,
	.audited = true,
	.states = STATE_ACTIVE | STATE_STOPPED,
	.run = stop_run,
};
