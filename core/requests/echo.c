/* SPDX-License-Identifier: Apache-2.0 */
/* Echo: answers with the message of the request. */
#include <config.h>

#include "core/wire/request.h"

static int echo_run(struct request *request, struct warden_error *err)
{
	const Warden__EchoRequest *message = (const void *)request->message;
	Warden__EchoResponse answer = WARDEN__ECHO_RESPONSE__INIT;

	(void)err;
	answer.message = message->message;
	request_answer(request, &answer.base);
	return 0;
}

const struct request_handler echo_request = {
	.type = WARDEN__MESSAGE__TYPE__Echo,
	.name = "echo",
	.message = &warden__echo_request__descriptor,
	.needs = ACCESS_READ,
	.run = echo_run,
};
