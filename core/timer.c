/* SPDX-License-Identifier: Apache-2.0 */
/* One-shot timers of the loop. Each is allocated on its own since libuv closes it only later, when
 * its owner may be freed already. */
#include <config.h>

#include <stdlib.h>

#include "core/container/container.h"
#include "core/log.h"
#include "core/server.h"

static void timer_free(uv_handle_t *handle)
{
	free(handle);
}

uv_timer_t *timer_start(struct server *server, uint64_t ms, uv_timer_cb fired, void *data)
{
	uv_timer_t *timer = malloc(sizeof(*timer));

	if (!timer) {
		log_write(WARDEN_LOG_ERROR, "allocate a loop timer: no memory");
		return NULL;
	}
	uv_timer_init(&server->loop,
		      timer); /* this and uv_timer_start cannot fail with a callback */
	timer->data = data;
	uv_timer_start(timer, fired, ms, 0);
	return timer;
}

void timer_stop(uv_timer_t **timer)
{
	if (!*timer)
		return;
	uv_close((uv_handle_t *)*timer, timer_free);
	*timer = NULL;
}
