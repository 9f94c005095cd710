/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics: labels with untrusted text, histograms, pages that are read in pieces of any size. */
#include <config.h>

#include "tests/unit/core/core_case.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "core/health/metrics_page.h"
#include "lib/cleanup.h"
#include "proto/warden.pb-c.h"

enum { PAGE_MAX = 1 << 18 };

static void test_metrics_expect_escaped(const char *text, const char *expected)
{
	_cleanup_free_ char *escaped = metrics_escape(text);

	unit_string(escaped, expected);
}

static void a_label_has_backslashes_quotes_and_newlines_escaped(void)
{
	test_metrics_expect_escaped("", "");
	test_metrics_expect_escaped("plain-handle", "plain-handle");
	test_metrics_expect_escaped("a\"b\\c\nd", "a\\\"b\\\\c\\nd");
	test_metrics_expect_escaped("\\n", "\\\\n");
	test_metrics_expect_escaped("\r\t\x1b{}=,", "\r\t\x1b{}=,");
	test_metrics_expect_escaped("\xc5\xbe", "\xc5\xbe");
}

static void each_duration_is_in_the_first_bucket_that_it_fits(void)
{
	struct metrics_requests requests = {0};
	uint64_t in_buckets = 0;

	for (int i = 0; i < METRICS_BUCKETS; i++) {
		metrics_answered(&requests, metrics_bounds_ns[i], false);
		unit_unsigned(requests.buckets[i], 1);
	}
	metrics_answered(&requests, 0, false);
	unit_unsigned(requests.buckets[0], 2);
	metrics_answered(&requests, metrics_bounds_ns[METRICS_BUCKETS - 1] + 1, true);
	for (int i = 0; i < METRICS_BUCKETS; i++)
		in_buckets += requests.buckets[i];
	unit_unsigned(in_buckets, METRICS_BUCKETS + 1);
	unit_unsigned(requests.answered, METRICS_BUCKETS + 2);
	unit_unsigned(requests.failed, 1);
}

static void bounds_ascend(void)
{
	for (int i = 1; i < METRICS_BUCKETS; i++)
		unit_true(metrics_bounds_ns[i - 1] < metrics_bounds_ns[i]);
}

/* Reads the whole text in pieces of this size; the caller frees it. */
static char *test_metrics_read_page(struct metrics_page *page, size_t piece)
{
	struct metrics_reader *reader = metrics_reader_new(page);
	char *text = malloc(PAGE_MAX);
	size_t length = 0, n;

	if (!unit_true(reader && text))
		exit(EXIT_FAILURE);
	while (length + piece < PAGE_MAX &&
	       (n = metrics_reader_read(reader, text + length, piece)) > 0)
		length += n;
	unit_unsigned(metrics_reader_read(reader, text + length, 1), 0);
	text[length] = '\0';
	metrics_reader_free(reader);
	return text;
}

static struct metrics_page *test_metrics_make_page(struct core_case *test)
{
	const struct process_figures process = {.resident_bytes = 4096, .cpu_us = 1500000};

	test->config.health_check_server.container_metrics = true;
	return metrics_page_new(&test->server, &process);
}

static void a_page_is_the_same_in_pieces_of_any_size(void)
{
	static const size_t pieces[] = {1, 2, 3, 7, 100, 4096, PAGE_MAX - 1};
	struct core_case *test = core_case_open();
	struct metrics_page *page;
	char *whole;

	if (!test)
		return;
	core_case_container(test, "first")->info.processes = 5;
	core_case_container(test, "sec\"ond")->info.cpu_usage_ns = 12345678901;
	page = test_metrics_make_page(test);
	if (!unit_true(page != NULL))
		return;
	whole = test_metrics_read_page(page, PAGE_MAX - 1);
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		char *text = test_metrics_read_page(page, pieces[i]);

		unit_true(strcmp(text, whole) == 0);
		free(text);
	}
	unit_contains(whole, "\nprocess_cpu_seconds_total 1.500000000\n");
	unit_contains(whole, "\n# TYPE warden_container_processes gauge\n"
			     "warden_container_processes{handle=\"first\"} 5\n# HELP");
	unit_contains(whole, "\nwarden_container_cpu_seconds_total{handle=\"sec\\\"ond\"} "
			     "12.345678901\n");
	unit_true(strstr(whole, "warden_container_disk_bytes") == NULL); /* unknown */
	free(whole);
	metrics_page_unref(page);
	core_case_close(test);
}

static void a_page_holds_what_was_known_when_it_was_made(void)
{
	struct core_case *test = core_case_open();
	struct metrics_page *page;
	struct metrics_reader *reader;
	char byte, *text;

	if (!test)
		return;
	core_case_container(test, "mine");
	page = test_metrics_make_page(test);
	reader = metrics_reader_new(page);
	unit_unsigned(metrics_reader_read(reader, &byte, 1), 1);
	core_case_forget(test);
	text = test_metrics_read_page(page, 100);
	unit_contains(text, "warden_container_jobs{handle=\"mine\"} 0\n");
	free(text);
	metrics_page_unref(page); /* the reader still has it */
	unit_unsigned(metrics_reader_read(reader, &byte, 1), 1);
	metrics_reader_free(reader);
	core_case_close(test);
}

static void a_histogram_is_cumulative_on_the_page(void)
{
	struct core_case *test = core_case_open();
	struct metrics_requests *pings;
	struct metrics_page *page;
	char *text;

	if (!test)
		return;
	pings = &test->server.metrics.requests[WARDEN__MESSAGE__TYPE__Ping];
	metrics_answered(pings, 50000, false);
	metrics_answered(pings, 2000000, false);
	metrics_answered(pings, 200 * UINT64_C(1000000000), true);
	page = test_metrics_make_page(test);
	text = test_metrics_read_page(page, 4096);
	unit_contains(text, "_bucket{type=\"ping\",le=\"0.0001\"} 1\n");
	unit_contains(text, "_bucket{type=\"ping\",le=\"0.0025\"} 2\n");
	unit_contains(text, "_bucket{type=\"ping\",le=\"120\"} 2\n");
	unit_contains(text, "_bucket{type=\"ping\",le=\"+Inf\"} 3\n");
	unit_contains(text, "_sum{type=\"ping\"} 200.002050000\n");
	unit_contains(text, "_count{type=\"ping\"} 3\n");
	unit_contains(text, "warden_request_errors_total{type=\"ping\"} 1\n");
	unit_true(strstr(text, "duration_seconds_count{type=\"list\"}") == NULL);
	free(text);
	metrics_page_unref(page);
	core_case_close(test);
}

int main(int argc, char **argv)
{
	static const struct unit_test tests[] = {
		UNIT_TEST(a_label_has_backslashes_quotes_and_newlines_escaped),
		UNIT_TEST(each_duration_is_in_the_first_bucket_that_it_fits),
		UNIT_TEST(bounds_ascend),
		UNIT_TEST(a_page_is_the_same_in_pieces_of_any_size),
		UNIT_TEST(a_page_holds_what_was_known_when_it_was_made),
		UNIT_TEST(a_histogram_is_cumulative_on_the_page),
	};

	return unit_main(argc, argv, "metrics", tests, ARRAY_SIZE(tests));
}
