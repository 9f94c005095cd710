/* SPDX-License-Identifier: Apache-2.0 */
/* The time to live of a container: when it is over the container is destroyed, even if it is in
 * use. It is measured on the monotonic clock from the create on, also while no daemon runs: setting
 * the wall clock has no effect, and suspend time does not count. A recovered container was created
 * since the last boot, so its reading of that clock is still valid. */
#include <config.h>

#include <time.h>

#include "core/container/container.h"
#include "core/container/container_subject.h"
#include "core/log.h"
#include "core/server.h"

#define MS 1000U

uint64_t ttl_clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t ttl_left_us(const struct container *c)
{
	uint64_t now = ttl_clock_us();
	uint64_t end = c->created_clock_us + (uint64_t)c->options.ttl * 1000000;

	return end > now ? end - now : 0;
}

static void ttl_on_timer(uv_timer_t *timer)
{
	struct container *c = timer->data;

	ttl_stop(c);
	if (c->server->draining)
		return; /* the next daemon destroys it */
	log_write(WARDEN_LOG_INFO, "%s: its time to live of %u s is over", c->id, c->options.ttl);
	container_destroy(c, NULL);
}

void ttl_start(struct container *c)
{
	if (c->options.ttl > 0 && !c->ttl_timer && !c->destroy.started)
		c->ttl_timer =
			timer_start(c->server, (ttl_left_us(c) + MS - 1) / MS, ttl_on_timer, c);
}

void ttl_stop(struct container *c)
{
	timer_stop(&c->ttl_timer);
}

const struct container_subject ttl_subject = {
	.release = ttl_stop,
};
