/* SPDX-License-Identifier: Apache-2.0 */
/* The host's ports that containers have: those of the pool, which are handed out, and any other
 * that a client names. A port is one container's at a time. The loop thread's; `now_ms` as in
 * pool.h. */
#ifndef CORE_POOLS_PORTS_H
#define CORE_POOLS_PORTS_H

#include <stdint.h>

struct ports;

/* The pool is `count` ports from `first` on. NULL: no memory. */
struct ports *ports_new(uint16_t first, uint32_t count);
void ports_free(struct ports *ports);

/* Those that are handed out; only to be looked at. */
struct pool *ports_pool(const struct ports *ports);

/* Takes the next one of the pool. -1: none is free. */
int ports_take(struct ports *ports, uint64_t now_ms, uint16_t *port);

/* Takes this one, whether it is the pool's or not. -1: somebody has it. */
int ports_take_value(struct ports *ports, uint64_t now_ms, uint16_t port);

/* Gives back what was taken. */
void ports_release(struct ports *ports, uint64_t now_ms, uint16_t port);

#endif
