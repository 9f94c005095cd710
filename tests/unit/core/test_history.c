/* SPDX-License-Identifier: Apache-2.0 */
/* The figures of the last ten minutes: what is sampled, what is forgotten. */
#include <config.h>

#include "tests/unit/core/core_case.h"
#include "tests/unit/unit.h"

#include "core/health/history.h"
#include "lib/cleanup.h"
#include "proto/warden.pb-c.h"

enum { TEN_MINUTES = 10 * 60 / HISTORY_STEP_S, PREPARED = 3 };

/* Takes a sample of so many containers and some prepared ones, which do not count, after so many
 * answers since the one before; a tenth of these are errors. */
static void test_history_sample(struct history *history, size_t containers, unsigned answered)
{
	struct metrics_requests *pings =
		&history->server->metrics.requests[WARDEN__MESSAGE__TYPE__Ping];

	for (unsigned i = 0; i < answered; i++)
		metrics_answered(pings, 1000, i % 10 == 0);
	history->server->registry.n = containers + PREPARED;
	history->server->registry.n_prepared = PREPARED;
	history_take(history);
	history->server->registry.n = history->server->registry.n_prepared = 0;
}

/* The number at `i` in a list of the history's JSON, from the end if it is negative. */
static double test_history_number(const json_t *json, const char *list, int i)
{
	const json_t *numbers = json_object_get(json, list);
	int n = (int)json_array_size(numbers);

	return json_number_value(json_array_get(numbers, (size_t)(i < 0 ? n + i : i)));
}

static void a_step_has_the_containers_and_the_requests_a_second(void)
{
	struct core_case *test = core_case_open();
	struct history history = {0};
	json_t *json;

	if (!test)
		return;
	history.server = &test->server;
	test_history_sample(&history, 1, 1000);
	json = history_json(&history);
	unit_unsigned(json_array_size(json_object_get(json, "containers")), 0);
	json_decref(json);
	test_history_sample(&history, 2, 50 * HISTORY_STEP_S);
	test_history_sample(&history, 7, 0);
	json = history_json(&history);
	unit_integer(json_integer_value(json_object_get(json, "step_s")), HISTORY_STEP_S);
	unit_unsigned(json_array_size(json_object_get(json, "cpu")), 2);
	unit_true(test_history_number(json, "containers", 0) == 2);
	unit_true(test_history_number(json, "requests", 0) == 50);
	unit_true(test_history_number(json, "errors", 0) == 5);
	unit_true(test_history_number(json, "containers", 1) == 7);
	unit_true(test_history_number(json, "requests", 1) == 0);
	json_decref(json);
	core_case_close(test);
}

static void what_is_older_than_ten_minutes_goes(void)
{
	static const char *const lists[] = {"containers", "jobs", "requests", "errors", "cpu"};
	struct core_case *test = core_case_open();
	struct history history = {0};
	json_t *json;

	if (!test)
		return;
	history.server = &test->server;
	for (unsigned i = 0; i <= 2 * TEN_MINUTES + 7; i++) {
		test_history_sample(&history, i, i * HISTORY_STEP_S);
		json = history_json(&history);
		for (size_t k = 0; k < ARRAY_SIZE(lists); k++)
			unit_unsigned(json_array_size(json_object_get(json, lists[k])),
				      i < TEN_MINUTES ? i : TEN_MINUTES);
		if (i > 0) {
			unsigned oldest = i <= TEN_MINUTES ? 1 : i - TEN_MINUTES + 1;

			unit_true(test_history_number(json, "containers", 0) == oldest);
			unit_true(test_history_number(json, "requests", 0) == oldest);
			unit_true(test_history_number(json, "containers", -1) == i);
			unit_true(test_history_number(json, "requests", -1) == i);
		}
		json_decref(json);
	}
	core_case_close(test);
}

int main(int argc, char **argv)
{
	static const struct unit_test tests[] = {
		UNIT_TEST(a_step_has_the_containers_and_the_requests_a_second),
		UNIT_TEST(what_is_older_than_ten_minutes_goes),
	};

	return unit_main(argc, argv, "history", tests, ARRAY_SIZE(tests));
}
