/* SPDX-License-Identifier: Apache-2.0 */
/* The host ports of containers; see ports.h. A bit for each port says whether it is taken; the pool
 * also keeps the order in which its own ports are taken. */
#include <config.h>

#include "core/pools/ports.h"

#include <stdlib.h>

#include "core/pools/pool.h"

enum { PORTS = 65536 };

struct ports {
	struct pool *pool;
	uint8_t taken[PORTS / 8];
};

struct ports *ports_new(uint16_t first, uint32_t count)
{
	struct ports *ports = calloc(1, sizeof(*ports));

	if (!ports)
		return NULL;
	ports->pool = pool_new(first, count, 1, 0);
	if (!ports->pool) {
		free(ports);
		return NULL;
	}
	return ports;
}

void ports_free(struct ports *ports)
{
	if (!ports)
		return;
	pool_free(ports->pool);
	free(ports);
}

struct pool *ports_pool(const struct ports *ports)
{
	return ports->pool;
}

static bool ports_is_taken(const struct ports *ports, uint16_t port)
{
	return ports->taken[port / 8] & 1 << port % 8;
}

static void ports_mark_taken(struct ports *ports, uint16_t port)
{
	ports->taken[port / 8] = (uint8_t)(ports->taken[port / 8] | 1 << port % 8);
}

int ports_take(struct ports *ports, uint64_t now_ms, uint16_t *port)
{
	uint32_t value;

	if (pool_take(ports->pool, now_ms, &value) < 0)
		return -1;
	*port = (uint16_t)value;
	ports_mark_taken(ports, *port);
	return 0;
}

int ports_take_value(struct ports *ports, uint64_t now_ms, uint16_t port)
{
	if (ports_is_taken(ports, port) ||
	    (pool_contains(ports->pool, port) && pool_take_value(ports->pool, now_ms, port) < 0))
		return -1;
	ports_mark_taken(ports, port);
	return 0;
}

void ports_release(struct ports *ports, uint64_t now_ms, uint16_t port)
{
	if (!ports_is_taken(ports, port))
		return;
	ports->taken[port / 8] = (uint8_t)(ports->taken[port / 8] & ~(1 << port % 8));
	pool_release(ports->pool, now_ms, port); /* ignores ports outside of the pool */
}
