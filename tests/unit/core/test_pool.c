/* SPDX-License-Identifier: Apache-2.0 */
/* Pools of networks, uids, slots and ports: order, delay, taking by value, memory. */
#include <config.h>

#include "tests/unit/unit.h"

#include <malloc.h>
#include <stdlib.h>

#include "core/pools/pool.h"
#include "lib/cleanup.h"

/* Takes the next number and expects that there is one. */
static uint32_t test_pool_take(struct pool *pool, uint64_t now)
{
	uint32_t value = 0;

	unit_integer(pool_take(pool, now, &value), 0);
	return value;
}

static void numbers_come_in_ascending_order(void)
{
	struct pool *pool = pool_new(0x0afe0000, 4, 4, 0);

	for (uint32_t i = 0; i < 4; i++)
		unit_unsigned(test_pool_take(pool, 0), 0x0afe0000 + 4 * i);
	pool_free(pool);
}

static void returned_numbers_are_used_after_all_unused_ones(void)
{
	struct pool *pool = pool_new(10, 4, 1, 0);

	unit_unsigned(test_pool_take(pool, 0), 10);
	unit_unsigned(test_pool_take(pool, 0), 11);
	pool_release(pool, 0, 11);
	pool_release(pool, 0, 10);
	unit_unsigned(test_pool_take(pool, 0), 12);
	unit_unsigned(test_pool_take(pool, 0), 13);
	unit_unsigned(test_pool_take(pool, 0), 11);
	unit_unsigned(test_pool_take(pool, 0), 10);
	pool_free(pool);
}

static void an_empty_pool_has_none(void)
{
	struct pool *pool = pool_new(5, 1, 1, 0);
	uint32_t value = 77;

	unit_unsigned(test_pool_take(pool, 0), 5);
	unit_integer(pool_take(pool, 0, &value), -1);
	unit_unsigned(value, 77);
	pool_release(pool, 0, 5);
	unit_unsigned(test_pool_take(pool, 0), 5);
	pool_free(pool);
}

static void a_pool_may_be_empty(void)
{
	struct pool *pool = pool_new(5, 0, 1, 0);
	uint32_t value;

	unit_integer(pool_take(pool, 0, &value), -1);
	unit_integer(pool_take_value(pool, 0, 5), -1);
	unit_unsigned(pool_available(pool, 0), 0);
	pool_free(pool);
}

static void a_returned_number_is_unused_for_the_delay(void)
{
	struct pool *pool = pool_new(0, 2, 1, 5000);
	uint32_t value;

	test_pool_take(pool, 1000);
	test_pool_take(pool, 1000);
	pool_release(pool, 2000, 1);
	pool_release(pool, 3000, 0);
	unit_integer(pool_take(pool, 6999, &value), -1);
	unit_unsigned(pool_available(pool, 6999), 0);
	unit_unsigned(pool_available(pool, 7000), 1);
	unit_unsigned(test_pool_take(pool, 7000), 1);
	unit_integer(pool_take(pool, 7999, &value), -1);
	unit_unsigned(test_pool_take(pool, 8000), 0);
	pool_free(pool);
}

/* A number that nobody has used can be taken at once, although others rest. */
static void a_number_that_is_put_back_does_not_rest(void)
{
	struct pool *pool = pool_new(7, 1, 1, 60000);
	uint32_t value = 0;

	unit_true(pool_take(pool, 0, &value) == 0 && value == 7);
	pool_put_back(pool, 7);
	pool_put_back(pool, 7);
	pool_put_back(pool, 8);
	unit_true(pool_available(pool, 0) == 1);
	unit_true(pool_take(pool, 0, &value) == 0 && value == 7);
	pool_release(pool, 0, 7);
	unit_true(pool_take(pool, 0, &value) < 0);
	pool_free(pool);
}

static void a_number_cannot_be_taken_by_value_during_the_delay(void)
{
	struct pool *pool = pool_new(0, 4, 1, 5000);

	test_pool_take(pool, 0);
	pool_release(pool, 0, 0);
	unit_integer(pool_take_value(pool, 4999, 0), -1);
	unit_integer(pool_take_value(pool, 5000, 0), 0);
	unit_integer(pool_take_value(pool, 5000, 0), -1);
	pool_free(pool);
}

static void a_number_taken_by_value_is_not_handed_out(void)
{
	struct pool *pool = pool_new(100, 5, 1, 0);

	unit_integer(pool_take_value(pool, 0, 101), 0);
	unit_integer(pool_take_value(pool, 0, 104), 0);
	unit_unsigned(pool_available(pool, 0), 3);
	unit_unsigned(test_pool_take(pool, 0), 100);
	unit_unsigned(test_pool_take(pool, 0), 102);
	unit_unsigned(test_pool_take(pool, 0), 103);
	unit_unsigned(pool_available(pool, 0), 0);
	pool_free(pool);
}

static void any_returned_number_can_be_taken_by_value(void)
{
	static const uint32_t victims[] = {0, 3, 7};

	for (size_t v = 0; v < ARRAY_SIZE(victims); v++) {
		struct pool *pool = pool_new(0, 8, 1, 0);

		for (uint32_t i = 0; i < 8; i++)
			test_pool_take(pool, 0);
		for (uint32_t i = 0; i < 8; i++)
			pool_release(pool, 0, i);
		unit_integer(pool_take_value(pool, 0, victims[v]), 0);
		pool_release(pool, 0, victims[v]);
		for (uint32_t i = 0; i < 8; i++)
			if (i != victims[v])
				unit_unsigned(test_pool_take(pool, 0), i);
		unit_unsigned(test_pool_take(pool, 0), victims[v]);
		pool_free(pool);
	}
}

static void numbers_outside_the_pool_are_ignored(void)
{
	struct pool *pool = pool_new(100, 4, 4, 0);

	unit_integer(pool_take_value(pool, 0, 99), -1);
	unit_integer(pool_take_value(pool, 0, 101), -1);
	unit_integer(pool_take_value(pool, 0, 116), -1);
	pool_release(pool, 0, 100);
	pool_release(pool, 0, 99);
	pool_release(pool, 0, 116);
	unit_unsigned(pool_available(pool, 0), 4);
	unit_unsigned(test_pool_take(pool, 0), 100);
	pool_release(pool, 0, 100);
	pool_release(pool, 0, 100);
	unit_unsigned(pool_available(pool, 0), 4);
	unit_true(pool_contains(pool, 112));
	unit_false(pool_contains(pool, 113));
	unit_unsigned(pool_size(pool), 4);
	pool_free(pool);
}

static void a_pool_may_end_at_the_last_number(void)
{
	struct pool *pool = pool_new(UINT32_MAX - 1, 2, 1, 0);
	uint32_t value;

	unit_unsigned(test_pool_take(pool, 0), UINT32_MAX - 1);
	unit_unsigned(test_pool_take(pool, 0), UINT32_MAX);
	unit_integer(pool_take(pool, 0, &value), -1);
	unit_false(pool_contains(pool, 0));
	pool_free(pool);
}

/* A model of a pool: for each number, whether it is taken, and when it becomes free. */
struct pool_model {
	bool taken[64];
	uint64_t due[64];
};

/* Makes one random step on both; false if their results differ. */
static bool test_pool_random_step(struct pool *pool, struct pool_model *model, uint64_t now)
{
	uint32_t n = (uint32_t)rand() % 64;
	uint32_t value = 0, available = 0;
	bool is_free = !model->taken[n] && model->due[n] <= now;

	if (rand() % 3 == 0) {
		pool_release(pool, now, n);
		if (model->taken[n])
			model->due[n] = now + 50;
		model->taken[n] = false;
	} else if (rand() % 2 == 0) {
		if ((pool_take_value(pool, now, n) == 0) != is_free)
			return false;
		model->taken[n] |= is_free;
	} else if (pool_take(pool, now, &value) == 0) {
		if (model->taken[value] || model->due[value] > now)
			return false;
		model->taken[value] = true;
	}
	for (n = 0; n < 64; n++)
		available += !model->taken[n] && model->due[n] <= now;
	return pool_available(pool, now) == available;
}

static void any_order_of_calls_agrees_with_a_simple_model(void)
{
	struct pool *pool = pool_new(0, 64, 1, 50);
	struct pool_model model = {0};
	uint64_t now = 0;

	srand(1);
	for (unsigned i = 0; i < 20000; i++) {
		now += (uint64_t)rand() % 4;
		if (!test_pool_random_step(pool, &model, now)) {
			unit_fail("the pool and the model differ");
			break;
		}
	}
	pool_free(pool);
}

static void sixteen_thousand_networks_cost_a_few_dozen_kilobytes(void)
{
	size_t before = mallinfo2().uordblks + mallinfo2().hblkhd, after;
	struct pool *pool = pool_new(0x0afe0000, 16384, 4, 5000);

	for (unsigned i = 0; i < 500; i++)
		test_pool_take(pool, 0);
	after = mallinfo2().uordblks + mallinfo2().hblkhd;
	unit_true(after - before < 80UL * 1024);
	pool_free(pool);
}

int main(int argc, char **argv)
{
	static const struct unit_test tests[] = {
		UNIT_TEST(numbers_come_in_ascending_order),
		UNIT_TEST(returned_numbers_are_used_after_all_unused_ones),
		UNIT_TEST(an_empty_pool_has_none),
		UNIT_TEST(a_pool_may_be_empty),
		UNIT_TEST(a_returned_number_is_unused_for_the_delay),
		UNIT_TEST(a_number_cannot_be_taken_by_value_during_the_delay),
		UNIT_TEST(a_number_taken_by_value_is_not_handed_out),
		UNIT_TEST(any_returned_number_can_be_taken_by_value),
		UNIT_TEST(numbers_outside_the_pool_are_ignored),
		UNIT_TEST(a_number_that_is_put_back_does_not_rest),
		UNIT_TEST(a_pool_may_end_at_the_last_number),
		UNIT_TEST(any_order_of_calls_agrees_with_a_simple_model),
		UNIT_TEST(sixteen_thousand_networks_cost_a_few_dozen_kilobytes),
	};

	return unit_main(argc, argv, "pool", tests, ARRAY_SIZE(tests));
}
