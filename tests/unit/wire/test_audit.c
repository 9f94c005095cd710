/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log: its lines, and that a slow writer delays nobody; and the limit of log lines. */
#include <config.h>

#include "tests/unit/unit.h"

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/audit.h"
#include "core/log_limit.h"
#include "lib/cleanup.h"

static struct {
	char text[4 * AUDIT_BUFFER];
	size_t length;
	sem_t may_write; /* each write takes one */
} written;

static void test_audit_write(const char *lines, size_t length)
{
	sem_wait(&written.may_write);
	if (written.length + length >= sizeof(written.text))
		return;
	memcpy(written.text + written.length, lines, length);
	written.length += length;
	written.text[written.length] = '\0';
}

static void test_audit_begin(uv_loop_t *loop, unsigned writes)
{
	uv_loop_init(loop);
	memset(&written, 0, sizeof(written));
	sem_init(&written.may_write, 0, writes);
}

static void test_audit_add(struct audit *audit, const char *handle, const char *result)
{
	const struct audit_entry entry = {
		.uid = 1000,
		.pid = 77,
		.request = "create",
		.handle = handle,
		.handle_length = strlen(handle),
		.result = result,
	};

	audit_add(audit, &entry);
}

static void test_audit_end(uv_loop_t *loop, struct audit *audit)
{
	uv_run(loop, UV_RUN_DEFAULT);
	audit_free(audit);
	uv_loop_close(loop);
	sem_destroy(&written.may_write);
}

static void a_line_says_who_asked_for_what_and_the_result(void)
{
	struct audit *audit;
	uv_loop_t loop;

	test_audit_begin(&loop, 10);
	audit = audit_new(&loop, test_audit_write);
	test_audit_add(audit, "h", "ok");
	test_audit_end(&loop, audit);
	unit_contains(written.text,
		      "Z audit uid=1000 pid=77 request=create handle=\"h\" result=\"ok\"\n");
}

static void a_text_cannot_end_early_or_begin_a_line(void)
{
	struct audit *audit;
	uv_loop_t loop;

	test_audit_begin(&loop, 10);
	audit = audit_new(&loop, test_audit_write);
	test_audit_add(audit, "h\" result=\"ok\"\nx\\", "no\xff");
	test_audit_end(&loop, audit);
	unit_contains(written.text,
		      " handle=\"h\\\" result=\\\"ok\\\"\\nx\\\\\" result=\"no\\xff\"\n");
}

/* The writer hangs while far more is added than the buffer holds. */
static void a_slow_writer_delays_nobody_and_lost_lines_are_counted(void)
{
	char handle[400];
	struct audit *audit;
	uv_loop_t loop;
	size_t lines = 0;
	unsigned lost = 0;
	const char *at;

	memset(handle, 'x', sizeof(handle) - 1);
	handle[sizeof(handle) - 1] = '\0';
	test_audit_begin(&loop, 0);
	audit = audit_new(&loop, test_audit_write);
	for (unsigned i = 0; i < 5000; i++)
		test_audit_add(audit, handle, "ok");
	for (unsigned i = 0; i < 10; i++)
		sem_post(&written.may_write);
	uv_run(&loop, UV_RUN_DEFAULT);
	test_audit_add(audit, "last", "ok");
	test_audit_end(&loop, audit);
	for (at = written.text; (at = strstr(at, "request=create")); at++)
		lines++;
	at = strstr(written.text, "audit lost=");
	if (unit_true(at != NULL))
		unit_integer(sscanf(at, "audit lost=%u\n", &lost), 1);
	unit_unsigned(lines + lost, 5001);
	unit_true(lost > 3000);
	unit_contains(written.text, "handle=\"last\"");
}

static void a_limit_admits_ten_lines_a_second_and_counts_the_rest(void)
{
	struct log_limit limit = {0};
	uint32_t suppressed;
	unsigned admitted = 0;

	for (unsigned i = 0; i < 1000; i++)
		admitted += log_limit_admits(&limit, 5, &suppressed);
	unit_unsigned(admitted, LOG_LIMIT_LINES);
	unit_true(log_limit_admits(&limit, 6, &suppressed));
	unit_unsigned(suppressed, 1000 - LOG_LIMIT_LINES);
	unit_true(log_limit_admits(&limit, 6, &suppressed));
	unit_unsigned(suppressed, 0);
}

int main(int argc, char **argv)
{
	static const struct unit_test tests[] = {
		UNIT_TEST(a_line_says_who_asked_for_what_and_the_result),
		UNIT_TEST(a_text_cannot_end_early_or_begin_a_line),
		UNIT_TEST(a_slow_writer_delays_nobody_and_lost_lines_are_counted),
		UNIT_TEST(a_limit_admits_ten_lines_a_second_and_counts_the_rest),
	};

	return unit_main(argc, argv, "audit", tests, ARRAY_SIZE(tests));
}
