/* SPDX-License-Identifier: Apache-2.0 */
/* A pool of numbers: networks (host byte order), uids, slots, ports. Handed out in ascending order
 * first; what is given back goes to the end, and rests for the pool's delay before it is handed out
 * again. Not thread-safe: the loop thread's. `now_ms` is any clock that does not go back (uv_now).
 */
#ifndef CORE_POOLS_POOL_H
#define CORE_POOLS_POOL_H

#include <stdbool.h>
#include <stdint.h>

struct pool;

/* The numbers first, first + step, ... : `count` of them. NULL: no memory. */
struct pool *pool_new(uint32_t first, uint32_t count, uint32_t step, uint64_t delay_ms);
void pool_free(struct pool *pool);

/* Takes the next one. -1: none is free (or no memory). */
int pool_take(struct pool *pool, uint64_t now_ms, uint32_t *value);

/* Takes this one; also for what a recovered container holds. -1: it is not the pool's, taken, or
 * rests (or no memory). */
int pool_take_value(struct pool *pool, uint64_t now_ms, uint32_t value);

/* Gives back what was taken. Never fails; what was not taken from this pool is ignored. */
void pool_release(struct pool *pool, uint64_t now_ms, uint32_t value);

/* Whether the number belongs to the pool, taken or not. */
bool pool_contains(const struct pool *pool, uint32_t value);

/* How many there are at all, and how many could be taken now. */
uint32_t pool_size(const struct pool *pool);
uint32_t pool_available(struct pool *pool, uint64_t now_ms);

#endif
