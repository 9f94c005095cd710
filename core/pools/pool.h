/* SPDX-License-Identifier: Apache-2.0 */
/* A pool of numbers: networks (host byte order), uids, slots, ports. Fresh numbers are taken in
 * ascending order, then released ones in the order of their release, each after the pool's delay.
 * Not thread-safe: for the loop thread. `now_ms` is any monotonic clock (uv_now). */
#ifndef CORE_POOLS_POOL_H
#define CORE_POOLS_POOL_H

#include <stdbool.h>
#include <stdint.h>

struct pool;

/* Makes a pool of `count` numbers: first, first + step, ... `delay_ms`: how long a released number
 * rests. NULL: no memory. */
struct pool *pool_new(uint32_t first, uint32_t count, uint32_t step, uint64_t delay_ms);
void pool_free(struct pool *pool);

/* Takes the next number. -1: none is free, or no memory. */
int pool_take(struct pool *pool, uint64_t now_ms, uint32_t *value);

/* Takes a given number; also one that a recovered container holds. -1: it is not in the pool, is
 * taken or rests, or no memory. */
int pool_take_value(struct pool *pool, uint64_t now_ms, uint32_t value);

/* Releases a number. Never fails; ignores a number that was not taken from this pool. */
void pool_release(struct pool *pool, uint64_t now_ms, uint32_t value);

/* As pool_release, for a number that nobody has used: it does not rest. */
void pool_put_back(struct pool *pool, uint32_t value);

/* Whether the number belongs to the pool, taken or not. */
bool pool_contains(const struct pool *pool, uint32_t value);

/* How many numbers the pool has in total, and how many can be taken now. */
uint32_t pool_size(const struct pool *pool);
uint32_t pool_available(struct pool *pool, uint64_t now_ms);

#endif
