/* SPDX-License-Identifier: Apache-2.0 */
/* The log of jobs: what is recorded comes back, whatever a kill has left of it. */
#include <config.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/state/idempotence.h"
#include "core/state/job_log.h"
#include "core/state/json_bytes.h"
#include "core/state/snapshot.h"
#include "lib/cleanup.h"
#include "tests/unit/core/core_case.h"
#include "tests/unit/unit.h"

#define NO_TEXT "nosuch\xff \xc3"

/* As the release before the log wrote it. */
static const char old_snapshot[] =
	"{\"version\":1,\"id\":\"0123456789a\",\"handle\":\"old\",\"state\":\"active\","
	"\"created_us\":5,\"created_clock_us\":6,\"grace_time\":300,\"network\":184418304,"
	"\"uid\":10000,\"slot\":0,\"rootfs\":\"/r\",\"nested\":false,\"bind_mounts\":[],"
	"\"jobs\":[{\"id\":3,\"discard_output\":false,\"over_limit\":false,\"keep\":true,"
	"\"terminal\":false,\"stdin\":true,\"output_policy\":0,\"output_limit\":1000,"
	"\"started_us\":7,\"leased_cpu\":-1,\"command\":\"sleep 1\",\"user\":\"vcap\","
	"\"log_tag\":null},"
	"{\"id\":4,\"discard_output\":false,\"over_limit\":false,\"keep\":false,"
	"\"terminal\":false,\"stdin\":false,\"output_policy\":0,\"output_limit\":1000,"
	"\"started_us\":8,\"leased_cpu\":-1,\"command\":\"false\",\"user\":\"vcap\","
	"\"log_tag\":null,\"end\":{\"reason\":1,\"exit_status\":1,\"signal\":0,"
	"\"own_cgroup\":false,\"start_error\":\"\",\"wall_us\":9,\"user_us\":-1},"
	"\"end_sequence\":2}],"
	"\"events\":[],\"last_end_sequence\":2,\"rules\":{\"in\":[],\"out\":[]},\"limits\":{},"
	"\"options\":{},\"request_ids\":[{\"type\":21,\"id\":\"r\","
	"\"digest\":\"00000000000000010000000000000002\",\"answer\":\"0803\"}],"
	"\"stopping\":false,\"paused\":false}";

/* Another container with the same directory, as the next daemon makes it. */
static struct container *test_job_log_next(struct core_case *test, struct container *c)
{
	struct container *next = container_new(&test->server, c->id, NULL);

	idempotence_forget(c);
	next->path = strdup(c->path);
	next->dir_fd = fcntl(c->dir_fd, F_DUPFD_CLOEXEC, 0);
	next->alive = true;
	return next;
}

static struct container *test_job_log_reread(struct core_case *test, struct container *c)
{
	struct container *next = test_job_log_next(test, c);
	struct warden_error err;

	if (!unit_integer(snapshot_read(next, &err), 0))
		unit_fail(err.message);
	return next;
}

static void test_job_log_save(struct core_case *test, struct container *c)
{
	container_save_jobs(c);
	core_case_settle(test);
}

static struct job *test_job_log_put(struct container *c, uint32_t id)
{
	struct job *job = core_case_job(c, id, false);

	job_log_put(job);
	return job;
}

static size_t test_job_log_size(const struct container *c, const char *name)
{
	size_t size = 0;

	free(core_case_read(c, name, &size));
	return size;
}

static void test_job_log_append(const struct container *c, const char *text)
{
	int fd = openat(c->dir_fd, "jobs.log", O_WRONLY | O_APPEND | O_CLOEXEC);

	unit_integer(write(fd, text, strlen(text)), (int64_t)strlen(text));
	close(fd);
}

static void test_job_log_make_file(const struct container *c, const char *name)
{
	int fd;

	mkdirat(c->dir_fd, "jobs", 0700); /* it may exist */
	fd = openat(c->dir_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	unit_integer(write(fd, "x", 1), 1);
	close(fd);
}

static bool test_job_log_has(const struct container *c, const char *name)
{
	return faccessat(c->dir_fd, name, F_OK, 0) == 0;
}

/* A daemon that is killed in between answers for the job again, with its output. */
static void files_of_a_job_stay_until_the_log_says_that_it_is_gone(void)
{
	const struct warden_job_end end = {.wall_us = WARDEN_UNKNOWN};
	struct core_case *test = core_case_open();
	struct container *c = core_case_container(test, "a"), *next;
	struct job *job = test_job_log_put(c, 5);

	test_job_log_make_file(c, "jobs/5.stdout");
	job->stores[STORE_STDOUT].size = 1;
	job_end(job, &end);
	job_read(job, -1, -1);
	test_job_log_save(test, c);
	c->alive = false; /* nothing is saved */
	job_collect(job);
	unit_true(test_job_log_has(c, "jobs/5.stdout"));
	next = test_job_log_reread(test, c);
	unit_true(job_find(next, 5) != NULL);
	container_free(next);
	c->alive = true;
	test_job_log_save(test, c);
	unit_true(!test_job_log_has(c, "jobs/5.stdout"));
	core_case_close(test);
}

static void files_of_unknown_jobs_are_removed(void)
{
	struct core_case *test = core_case_open();
	struct container *c = core_case_container(test, "a");

	test_job_log_put(c, 5);
	test_job_log_make_file(c, "jobs/5.stdout");
	test_job_log_make_file(c, "jobs/55.stderr");
	test_job_log_make_file(c, "jobs/6.stdout.logged");
	output_store_remove_strays(c);
	unit_true(test_job_log_has(c, "jobs/5.stdout"));
	unit_true(!test_job_log_has(c, "jobs/55.stderr"));
	unit_true(!test_job_log_has(c, "jobs/6.stdout.logged"));
	core_case_close(test);
}

static void the_last_record_of_a_job_counts(void)
{
	const struct warden_job_end end = {.exit_status = 9, .wall_us = WARDEN_UNKNOWN};
	struct core_case *test = core_case_open();
	struct container *c = core_case_container(test, "a"), *next;
	struct job *over, *seen;

	test_job_log_put(c, 4);
	over = test_job_log_put(c, 5);
	test_job_log_save(test, c);
	job_end(over, &end);
	job_read(over, -1, -1);
	test_job_log_put(c, 6)->collected = true;
	job_log_drop(c, 6);
	job_log_drop(c, 77); /* of an earlier log */
	test_job_log_save(test, c);
	test->server.last_end_sequence = 0;
	next = test_job_log_reread(test, c);
	unit_true(job_find(next, 4) && !job_find(next, 4)->ended);
	unit_true(job_find(next, 6) == NULL);
	seen = job_find(next, 5);
	if (unit_true(seen != NULL)) {
		unit_true(seen->settled);
		unit_integer(seen->end.exit_status, 9);
		unit_unsigned(seen->end.wall_us, WARDEN_UNKNOWN);
	}
	unit_unsigned(test->server.last_end_sequence, 1);
	container_free(next);
	core_case_close(test);
}

static void a_record_that_is_cut_off_does_not_count(void)
{
	struct core_case *test = core_case_open();
	struct container *c = core_case_container(test, "a"), *next, *third;

	test_job_log_put(c, 4);
	test_job_log_save(test, c);
	test_job_log_append(c, "{\"gone\":4");
	next = test_job_log_reread(test, c);
	unit_true(job_find(next, 4) != NULL);
	test_job_log_put(next, 5);
	container_save_jobs(next);
	while (next->running)
		uv_run(&test->server.loop, UV_RUN_ONCE);
	third = test_job_log_reread(test, next);
	unit_true(job_find(third, 4) && job_find(third, 5));
	container_free(third);
	container_free(next);
	core_case_close(test);
}

static void a_damaged_log_is_told(void)
{
	static const char *const lines[] = {
		"{\"gone\":\n",
		"[]\n",
		"{}\n",
		"7\n",
		"{\"gone\":\"4\"}\n",
		"{\"job\":{}}\n",
		"{\"job\":{\"id\":9}}\n",
		"{\"version\":2}\n",
		"{\"request\":{\"type\":21}}\n",
	};
	struct core_case *test = core_case_open();
	struct warden_error err;

	for (size_t i = 0; i <= ARRAY_SIZE(lines); i++) {
		struct container *c = core_case_container(test, NULL), *next;

		test_job_log_put(c, 4);
		test_job_log_save(test, c);
		if (i < ARRAY_SIZE(lines))
			test_job_log_append(c, lines[i]);
		else
			unit_integer(unlinkat(c->dir_fd, "jobs.log", 0), 0);
		next = test_job_log_next(test, c);
		unit_integer(snapshot_read(next, &err), -1);
		unit_contains(err.message, "jobs.log");
		container_free(next);
	}
	core_case_close(test);
}

static void a_log_that_has_grown_is_replaced(void)
{
	enum { ROUNDS = 2000, JOBS = 100 };
	struct core_case *test = core_case_open();
	struct container *c = core_case_container(test, "a"), *next;
	size_t largest = 0;

	for (uint32_t i = 1; i <= ROUNDS; i++) {
		size_t size;

		test_job_log_put(c, i);
		if (i > JOBS) {
			job_log_drop(c, i - JOBS);
			job_free(job_find(c, i - JOBS));
		}
		test_job_log_save(test, c);
		size = test_job_log_size(c, "jobs.log");
		largest = size > largest ? size : largest;
	}
	unit_true(largest > 60000 && largest < 100000);
	next = test_job_log_reread(test, c);
	for (uint32_t i = ROUNDS - JOBS; i <= ROUNDS; i++)
		unit_true((job_find(next, i) != NULL) == (i > ROUNDS - JOBS));
	container_free(next);
	core_case_close(test);
}

static void a_record_costs_the_same_for_the_thousandth_job(void)
{
	struct core_case *test = core_case_open();
	struct container *c = core_case_container(test, "a");
	size_t snapshot, log;

	for (uint32_t i = 1; i <= 1000; i++)
		test_job_log_put(c, i);
	test_job_log_save(test, c);
	snapshot = test_job_log_size(c, "snapshot.json");
	log = test_job_log_size(c, "jobs.log");
	unit_integer(unlinkat(c->dir_fd, "snapshot.json", 0), 0);
	test_job_log_put(c, 1001);
	test_job_log_save(test, c);
	unit_unsigned(test_job_log_size(c, "snapshot.json"), 0); /* it was not written again */
	unit_true(snapshot < 16000 && test_job_log_size(c, "jobs.log") < log + 1000);
	core_case_close(test);
}

static void saves_that_wait_are_one(void)
{
	struct core_case *test = core_case_open();
	struct container *c = core_case_container(test, "a");
	const struct operation *operation;
	unsigned n = 0;

	for (uint32_t i = 1; i <= 100; i++) {
		test_job_log_put(c, i);
		job_log_forget(c, i);
		container_save_jobs(c);
		container_save(c);
	}
	TAILQ_FOREACH(operation, &c->operations, link)
		n++;
	unit_unsigned(n, 1); /* and one that runs */
	core_case_settle(test);
	unit_integer(test->forgotten, 100);
	core_case_close(test);
}

static void an_older_releases_jobs_are_kept(void)
{
	struct core_case *test = core_case_open();
	struct container *c = core_case_container(test, "a"), *next, *third;
	char text[sizeof(old_snapshot)];
	struct warden_error err;

	memcpy(text, old_snapshot, sizeof(text));
	memcpy(strstr(text, "0123456789a"), c->id, strlen(c->id));
	unit_integer(snapshot_write(c, text, &err), 0);
	next = test_job_log_reread(test, c);
	unit_true(job_find(next, 3) && !job_find(next, 3)->ended && job_find(next, 3)->keep);
	unit_true(job_find(next, 4) && job_find(next, 4)->settled);
	unit_unsigned(job_find(next, 4)->end.wall_us, 9);
	unit_unsigned(job_find(next, 4)->end.peak_memory, WARDEN_UNKNOWN);
	unit_integer((int64_t)next->n_request_ids, 1);
	job_log_drop(next, 4);
	job_free(job_find(next, 4));
	container_save_jobs(next); /* from now on the log counts */
	while (next->running)
		uv_run(&test->server.loop, UV_RUN_ONCE);
	third = test_job_log_reread(test, next);
	unit_true(job_find(third, 3) != NULL);
	unit_true(job_find(third, 4) == NULL);
	unit_integer((int64_t)third->n_request_ids, 1);
	container_free(third);
	container_free(next);
	core_case_close(test);
}

static void a_whole_snapshot_outlives_a_log(void)
{
	struct core_case *test = core_case_open();
	struct container *c = core_case_container(test, "a"), *next;
	_cleanup_free_ char *text = NULL;
	struct warden_error err;

	test_job_log_put(c, 4);
	test_job_log_save(test, c);
	test_job_log_put(c, 5);
	text = snapshot_whole_text(c); /* as a daemon that is killed before it removes the log */
	unit_integer(snapshot_write(c, text, &err), 0);
	next = test_job_log_reread(test, c);
	unit_true(job_find(next, 4) && job_find(next, 5));
	container_free(next);
	core_case_close(test);
}

static void what_was_not_written_is_written_later(void)
{
	struct core_case *test = core_case_open();
	struct container *c = core_case_container(test, "a"), *next;

	test_job_log_put(c, 4);
	test_job_log_save(test, c);
	unit_integer(unlinkat(c->dir_fd, "jobs.log", 0), 0);
	test_job_log_put(c, 5);
	job_log_forget(c, 5);
	test_job_log_save(test, c); /* fails */
	unit_integer(test->forgotten, 0);
	test_job_log_save(test, c);
	unit_integer(test->forgotten, 1);
	next = test_job_log_reread(test, c);
	unit_true(job_find(next, 4) && job_find(next, 5));
	container_free(next);
	core_case_close(test);
}

static void texts_need_not_be_utf8(void)
{
	struct warden_job_end end = {.exit_status = -1, .reason = WARDEN_END_START_FAILED};
	struct core_case *test = core_case_open();
	struct container *c = core_case_container(test, NO_TEXT), *next;
	struct job *job = core_case_job(c, 4, false), *seen;

	snprintf(end.start_error, sizeof(end.start_error), "%s", NO_TEXT);
	free(job->user);
	job->user = strdup(NO_TEXT);
	job->log_tag = strdup(NO_TEXT);
	free(c->rootfs);
	c->rootfs = strdup(NO_TEXT);
	job_end(job, &end);
	job_read(job, -1, -1);
	core_case_settle(test);
	for (int whole = 0; whole < 2; whole++) {
		if (whole)
			core_case_save(c);
		next = test_job_log_reread(test, c);
		unit_string(next->handle, NO_TEXT);
		unit_string(next->rootfs, NO_TEXT);
		seen = job_find(next, 4);
		if (unit_true(seen != NULL)) {
			unit_string(seen->user, NO_TEXT);
			unit_string(seen->log_tag, NO_TEXT);
			unit_string(seen->end.start_error, NO_TEXT);
			unit_integer(job_end_reason(seen), WARDEN_END_START_FAILED);
		}
		container_free(next);
	}
	core_case_close(test);
}

static void what_is_no_text_is_refused(void)
{
	static const char *const values[] = {
		"7", "null", "{}", "{\"bytes\":7}", "{\"bytes\":\"f\"}", "{\"bytes\":\"zz\"}"};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		json_t *json = json_loads(values[i], JSON_DECODE_ANY, NULL);

		unit_true(json_bytes_text(json) == NULL);
		json_decref(json);
	}
	unit_true(json_bytes_text(NULL) == NULL);
}

int main(int argc, char **argv)
{
	static const struct unit_test tests[] = {
		UNIT_TEST(the_last_record_of_a_job_counts),
		UNIT_TEST(files_of_a_job_stay_until_the_log_says_that_it_is_gone),
		UNIT_TEST(files_of_unknown_jobs_are_removed),
		UNIT_TEST(a_record_that_is_cut_off_does_not_count),
		UNIT_TEST(a_damaged_log_is_told),
		UNIT_TEST(a_log_that_has_grown_is_replaced),
		UNIT_TEST(a_record_costs_the_same_for_the_thousandth_job),
		UNIT_TEST(saves_that_wait_are_one),
		UNIT_TEST(an_older_releases_jobs_are_kept),
		UNIT_TEST(a_whole_snapshot_outlives_a_log),
		UNIT_TEST(what_was_not_written_is_written_later),
		UNIT_TEST(texts_need_not_be_utf8),
		UNIT_TEST(what_is_no_text_is_refused),
	};

	return unit_main(argc, argv, "job_log", tests, ARRAY_SIZE(tests));
}
