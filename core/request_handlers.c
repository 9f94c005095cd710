/* SPDX-License-Identifier: Apache-2.0 */
/* The table of requests: a handler for each line of proto/requests.h. */
#include <config.h>

#include "core/wire/request.h"
#include "lib/cleanup.h"

#define HANDLER(Type, name) &name##_request,

static const struct request_handler *const handlers[] = {REQUESTS(HANDLER)};

const struct request_handler *const *request_handlers(size_t *n)
{
	*n = ARRAY_SIZE(handlers);
	return handlers;
}
