/* SPDX-License-Identifier: Apache-2.0 */
/* The host ports of containers: those of the pool and any other that a client requests. Each
 * belongs to one container at a time. For the loop thread; `now_ms` as in pool.h. */
#ifndef CORE_POOLS_PORTS_H
#define CORE_POOLS_PORTS_H

#include <stdint.h>

struct ports;

/* Makes a pool of `count` ports from `first` on. NULL: no memory. */
struct ports *ports_new(uint16_t first, uint32_t count);
void ports_free(struct ports *ports);

/* The pool; the caller only reads it. */
struct pool *ports_pool(const struct ports *ports);

/* Takes the next port of the pool. -1: none is free. */
int ports_take(struct ports *ports, uint64_t now_ms, uint16_t *port);

/* Takes a given port, in the pool or not. -1: it is taken. */
int ports_take_value(struct ports *ports, uint64_t now_ms, uint16_t port);

/* Releases a port; ignores one that is not taken. */
void ports_release(struct ports *ports, uint64_t now_ms, uint16_t port);

#endif
