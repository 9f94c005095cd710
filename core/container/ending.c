/* SPDX-License-Identifier: Apache-2.0 */
/* The containers whose stop or destroy is not complete. A timer of the server, which needs no
 * memory, runs their steps when they are due and fails the requests that have waited for longer
 * than server.destroy_timeout, or for longer than a drain may last. The stop or destroy itself goes
 * on. */
#include <config.h>

#include <inttypes.h>

#include "core/container/container.h"
#include "core/log.h"
#include "core/server.h"

enum {
	TICK_MS = 100,
	/* A destroy that takes longer is late. A stop in it takes 12 s at most. */
	LATE_MS = 20000,
	/* How long a drain waits for stops and for destroys that are not stuck. */
	DRAIN_MS = 15000,
};

static const char *ending_reason(const struct container *c)
{
	if (c->waits_for[0])
		return c->waits_for;
	if (c->running)
		return "an operation that does not return";
	if (c->stop.started || (c->destroy.started && !c->destroy.ended))
		return "the end of its processes";
	return c->destroy.gone ? "requests that read its jobs' output" : "the backend to remove it";
}

static void ending_fail_waiters(struct container *c, uint64_t since, const char *when)
{
	struct warden_error err;

	warden_error_set(&err,
			 "the container is not destroyed %s: the destroy goes on and waits for %s",
			 when, ending_reason(c));
	container_waiters_fail(&c->destroy.waiting, since, err.message);
	warden_error_set(&err, "the container is not stopped %s: the stop goes on and waits for %s",
			 when, ending_reason(c));
	container_waiters_fail(&c->stop.waiting, since, err.message);
}

static void ending_check_waiters(struct container *c, uint64_t now)
{
	const struct server *server = c->server;
	uint64_t limit = server->config->server.destroy_timeout * 1000;
	char when[48];

	if (limit > 0 && now >= limit) {
		snprintf(when, sizeof(when), "after %" PRIu64 " s", limit / 1000);
		ending_fail_waiters(c, now - limit, when);
	}
	if (server->draining && (c->waits_for[0] || now - server->drain_since >= DRAIN_MS))
		ending_fail_waiters(c, now, "yet and the daemon ends");
}

static void ending_check(struct container *c, uint64_t now)
{
	if (c->destroy.started && !c->destroy.stuck && now - c->destroy.since >= LATE_MS) {
		container_set_waits_for(c, ending_reason(c));
		destroy_set_stuck(c);
	}
	ending_check_waiters(c, now);
	if (c->stop.due && now >= c->stop.due)
		stop_on_due(c);
	if (c->destroy.retry && now >= c->destroy.retry) {
		c->destroy.retry = 0;
		destroy_step(c);
	}
}

static void ending_on_timer(uv_timer_t *timer)
{
	struct server *server = timer->data;
	uint64_t now = uv_now(&server->loop);
	struct container *c, *next;

	for (c = LIST_FIRST(&server->ending); c; c = next) {
		next = LIST_NEXT(c, ending);
		ending_check(c, now);
	}
}

void ending_add(struct container *c)
{
	struct server *server = c->server;

	if (!c->is_ending)
		LIST_INSERT_HEAD(&server->ending, c, ending);
	c->is_ending = true;
	if (!server->ending_timer_ready)
		uv_timer_init(&server->loop, &server->ending_timer); /* cannot fail */
	server->ending_timer_ready = true;
	server->ending_timer.data = server;
	if (!uv_is_active((uv_handle_t *)&server->ending_timer) &&
	    !uv_is_closing((uv_handle_t *)&server->ending_timer))
		uv_timer_start(&server->ending_timer, ending_on_timer, TICK_MS, TICK_MS);
}

void ending_remove(struct container *c)
{
	struct server *server = c->server;

	if (!c->is_ending)
		return;
	LIST_REMOVE(c, ending);
	c->is_ending = false;
	if (LIST_EMPTY(&server->ending))
		uv_timer_stop(&server->ending_timer);
}
