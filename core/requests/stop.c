/* SPDX-License-Identifier: Apache-2.0 */
/* Stop: ends all processes of a container, politely unless `kill`; answered when that is done, or
 * at once with `background`. */
#include <config.h>

#include <signal.h>

#include "core/wire/request.h"

static int stop_run(struct request *request, struct warden_error *err)
{
	const Warden__StopRequest *message = (const void *)request->message;
	int signal = message->kill ? SIGKILL : SIGTERM;
	bool background = message->background; /* the request is gone once it is answered */

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
	.states = STATE_ACTIVE | STATE_STOPPED,
	.run = stop_run,
};
