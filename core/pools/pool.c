/* SPDX-License-Identifier: Apache-2.0 */
/* Pools of numbers; see pool.h. A number is stored as its index, (number - first) / step. Numbers
 * that were never taken are in no list: a cursor walks over them. Released ones are in one of two
 * lists, linked through the same array: resting, the oldest first, then free. The times at which
 * resting ones become free are in a ring that pool_take makes large enough, so that a release
 * cannot fail. */
#include <config.h>

#include "core/pools/pool.h"

#include <stdlib.h>

/* Values of a cell of `next`; any other is the next index of its list, plus one. */
#define TAKEN       UINT32_MAX
#define LAST        (UINT32_MAX - 1)
#define NEVER_TAKEN (UINT32_MAX - 2)

/* Indices linked through `next`. */
struct pool_list {
	uint32_t head, tail; /* valid unless the list is empty */
	uint32_t length;
};

struct pool {
	uint32_t first, count, step;
	uint64_t delay_ms;
	uint32_t cursor; /* no index below it is NEVER_TAKEN */
	uint32_t taken;
	uint32_t never_taken;
	uint32_t *next;
	struct pool_list resting, free;
	uint64_t *due; /* ring: when each of `resting` becomes free, in the list's order */
	uint32_t due_size, due_head;
};

struct pool *pool_new(uint32_t first, uint32_t count, uint32_t step, uint64_t delay_ms)
{
	struct pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return NULL;
	pool->first = first;
	pool->count = pool->never_taken = count;
	pool->step = step;
	pool->delay_ms = delay_ms;
	pool->next = reallocarray(NULL, count ? count : 1, sizeof(*pool->next));
	if (!pool->next) {
		free(pool);
		return NULL;
	}
	/* Writes all of the array now, so that the memory in use does not grow later. */
	for (uint32_t i = 0; i < count; i++)
		pool->next[i] = NEVER_TAKEN;
	return pool;
}

void pool_free(struct pool *pool)
{
	if (!pool)
		return;
	free(pool->next);
	free(pool->due);
	free(pool);
}

static void pool_list_append(struct pool *pool, struct pool_list *list, uint32_t index)
{
	pool->next[index] = LAST;
	if (list->length++ == 0)
		list->head = index;
	else
		pool->next[list->tail] = index + 1;
	list->tail = index;
}

/* Removes the index after `before` (NULL: the head) from the list. */
static void pool_list_remove(struct pool *pool, struct pool_list *list, uint32_t index,
			     const uint32_t *before)
{
	uint32_t next = pool->next[index];

	if (before)
		pool->next[*before] = next;
	else
		list->head = next - 1;
	if (list->tail == index && before)
		list->tail = *before;
	list->length--;
}

/* Finds and removes `index` from the list. */
static bool pool_list_find_remove(struct pool *pool, struct pool_list *list, uint32_t index)
{
	uint32_t at = list->head, before = 0;

	for (uint32_t i = 0; i < list->length; i++) {
		if (at == index) {
			pool_list_remove(pool, list, index, i ? &before : NULL);
			return true;
		}
		before = at;
		at = pool->next[at] - 1;
	}
	return false;
}

/* Moves numbers that have rested long enough to the free list. */
static void pool_free_rested(struct pool *pool, uint64_t now_ms)
{
	while (pool->resting.length && pool->due[pool->due_head] <= now_ms) {
		uint32_t index = pool->resting.head;

		pool_list_remove(pool, &pool->resting, index, NULL);
		pool->due_head = (pool->due_head + 1) % pool->due_size;
		pool_list_append(pool, &pool->free, index);
	}
}

/* Makes room in the ring for all taken numbers, and one more, to rest at once. */
static int pool_reserve_due(struct pool *pool)
{
	uint32_t needed = pool->taken + pool->resting.length + 1, size;
	uint64_t *due;

	if (pool->delay_ms == 0 || needed <= pool->due_size)
		return 0;
	size = needed < 8 ? 8 : needed + needed / 2;
	due = calloc(size, sizeof(*due));
	if (!due)
		return -1;
	for (uint32_t i = 0; i < pool->resting.length; i++)
		due[i] = pool->due[(pool->due_head + i) % pool->due_size];
	free(pool->due);
	pool->due = due;
	pool->due_size = size;
	pool->due_head = 0;
	return 0;
}

/* Marks an index, which is in no list, as taken. */
static void pool_mark_taken(struct pool *pool, uint32_t index)
{
	pool->next[index] = TAKEN;
	pool->taken++;
}

int pool_take(struct pool *pool, uint64_t now_ms, uint32_t *value)
{
	uint32_t index;

	pool_free_rested(pool, now_ms);
	while (pool->cursor < pool->count && pool->next[pool->cursor] != NEVER_TAKEN)
		pool->cursor++;
	if ((pool->cursor == pool->count && !pool->free.length) || pool_reserve_due(pool) < 0)
		return -1;
	if (pool->cursor < pool->count) {
		index = pool->cursor++;
		pool->never_taken--;
	} else {
		index = pool->free.head;
		pool_list_remove(pool, &pool->free, index, NULL);
	}
	pool_mark_taken(pool, index);
	*value = pool->first + index * pool->step;
	return 0;
}

int pool_take_value(struct pool *pool, uint64_t now_ms, uint32_t value)
{
	uint32_t index;

	if (!pool_contains(pool, value))
		return -1;
	index = (value - pool->first) / pool->step;
	pool_free_rested(pool, now_ms);
	if (pool->next[index] == TAKEN || pool_reserve_due(pool) < 0)
		return -1;
	if (pool->next[index] == NEVER_TAKEN)
		pool->never_taken--;
	else if (!pool_list_find_remove(pool, &pool->free, index))
		return -1;
	pool_mark_taken(pool, index);
	return 0;
}

/* Takes the mark from a number that was taken from this pool. */
static bool pool_unmark_taken(struct pool *pool, uint32_t value, uint32_t *index)
{
	if (!pool_contains(pool, value))
		return false;
	*index = (value - pool->first) / pool->step;
	if (pool->next[*index] != TAKEN)
		return false;
	pool->taken--;
	return true;
}

void pool_release(struct pool *pool, uint64_t now_ms, uint32_t value)
{
	uint32_t index;

	pool_free_rested(pool, now_ms);
	if (!pool_unmark_taken(pool, value, &index))
		return;
	if (pool->delay_ms == 0) {
		pool_list_append(pool, &pool->free, index);
		return;
	}
	pool->due[(pool->due_head + pool->resting.length) % pool->due_size] =
		now_ms + pool->delay_ms;
	pool_list_append(pool, &pool->resting, index);
}

void pool_put_back(struct pool *pool, uint32_t value)
{
	uint32_t index;

	if (pool_unmark_taken(pool, value, &index))
		pool_list_append(pool, &pool->free, index);
}

bool pool_contains(const struct pool *pool, uint32_t value)
{
	return value >= pool->first && (value - pool->first) % pool->step == 0 &&
	       (value - pool->first) / pool->step < pool->count;
}

uint32_t pool_size(const struct pool *pool)
{
	return pool->count;
}

uint32_t pool_available(struct pool *pool, uint64_t now_ms)
{
	pool_free_rested(pool, now_ms);
	return pool->never_taken + pool->free.length;
}
