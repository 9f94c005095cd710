/* SPDX-License-Identifier: Apache-2.0 */
/* The output of a job, from its pipes to its files: complete, bounded, and continued after a
 * restart. */
#include <config.h>

#include "tests/unit/core/core_case.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"

static const struct warden_job_end ended = {.exit_status = 3};

/* A job whose pipes the case writes to. */
struct output_store_writer {
	struct core_case *test;
	struct container *container;
	struct job *job;
	int out, err;
};

static struct output_store_writer test_output_store_start(bool discard)
{
	struct output_store_writer writer = {.test = core_case_open(), .out = -1, .err = -1};
	int out[2], err[2];

	writer.container = core_case_container(writer.test, "h");
	writer.job = core_case_job(writer.container, 7, discard);
	unit_integer(pipe2(out, O_CLOEXEC), 0);
	unit_integer(pipe2(err, O_CLOEXEC), 0);
	writer.out = out[1];
	writer.err = err[1];
	job_read(writer.job, out[0], err[0]);
	return writer;
}

static void test_output_store_put(int fd, const char *bytes, size_t size)
{
	unit_integer(write(fd, bytes, size), (int64_t)size);
}

static void test_output_store_close(struct output_store_writer *writer)
{
	if (writer->out >= 0)
		close(writer->out);
	if (writer->err >= 0)
		close(writer->err);
	writer->out = writer->err = -1;
}

static void test_output_store_finish(struct output_store_writer *writer)
{
	test_output_store_close(writer);
	core_case_close(writer->test);
}

static void test_output_store_expect_file(const struct output_store_writer *writer,
					  const char *path, const char *expected, size_t length)
{
	size_t size = 0;
	char *text = core_case_read(writer->container, path, &size);

	unit_bytes(text ? text : "", size, expected, length);
	free(text);
}

static bool test_output_store_has_file(const struct output_store_writer *writer, const char *path)
{
	struct stat status;

	return fstatat(writer->container->dir_fd, path, &status, 0) == 0;
}

static void each_stream_is_stored_in_its_file(void)
{
	struct output_store_writer writer = test_output_store_start(false);

	test_output_store_put(writer.out, "one\0two", 7);
	test_output_store_put(writer.err, "three", 5);
	test_output_store_close(&writer);
	job_end(writer.job, &ended);
	unit_true(core_case_await(writer.test, writer.job));
	test_output_store_expect_file(&writer, "jobs/7.stdout", "one\0two", 7);
	test_output_store_expect_file(&writer, "jobs/7.stderr", "three", 5);
	unit_unsigned(job_exit_status(writer.job), 3);
	test_output_store_finish(&writer);
}

static void a_stream_without_output_has_no_file(void)
{
	struct output_store_writer writer = test_output_store_start(false);

	test_output_store_close(&writer);
	job_end(writer.job, &ended);
	unit_true(core_case_await(writer.test, writer.job));
	unit_false(test_output_store_has_file(&writer, "jobs"));
	test_output_store_finish(&writer);
}

static void a_job_is_over_when_no_process_has_its_pipes(void)
{
	struct output_store_writer writer = test_output_store_start(false);

	job_end(writer.job, &ended);
	test_output_store_put(writer.out, "late", 4);
	core_case_settle(writer.test);
	unit_false(writer.job->settled);
	test_output_store_close(&writer);
	unit_true(core_case_await(writer.test, writer.job));
	test_output_store_expect_file(&writer, "jobs/7.stdout", "late", 4);
	test_output_store_finish(&writer);
}

static void exactly_the_limit_is_fine(void)
{
	struct output_store_writer writer = test_output_store_start(false);
	char bytes[600] = {0};

	test_output_store_put(writer.out, bytes, 600);
	test_output_store_put(writer.err, bytes, 400);
	test_output_store_close(&writer);
	job_end(writer.job, &ended);
	unit_true(core_case_await(writer.test, writer.job));
	unit_false(writer.job->over_limit);
	unit_unsigned(job_exit_status(writer.job), 3);
	unit_integer(writer.test->signals, 0);
	test_output_store_finish(&writer);
}

static void one_byte_more_kills_the_job(void)
{
	struct output_store_writer writer = test_output_store_start(false);
	char bytes[600] = {0};

	test_output_store_put(writer.out, bytes, 600);
	test_output_store_put(writer.err, bytes, 401);
	test_output_store_close(&writer);
	job_end(writer.job, &ended);
	unit_true(core_case_await(writer.test, writer.job));
	unit_true(writer.job->over_limit);
	unit_unsigned(job_exit_status(writer.job), 255);
	unit_integer(writer.test->signals, 1);
	unit_unsigned(writer.container->n_events, 1);
	unit_string(writer.container->events[0], "command exceeded maximum output");
	test_output_store_finish(&writer);
}

/* A limit on the size of files stands in for a full disk. */
static void output_that_cannot_be_stored_kills_the_job_and_names_the_cause(void)
{
	struct output_store_writer writer = test_output_store_start(false);
	struct rlimit saved, small;
	char bytes[600] = {0};

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &saved);
	small = (struct rlimit){100, saved.rlim_max};
	setrlimit(RLIMIT_FSIZE, &small);
	test_output_store_put(writer.out, bytes, 600);
	test_output_store_close(&writer);
	job_end(writer.job, &ended);
	unit_true(core_case_await(writer.test, writer.job));
	setrlimit(RLIMIT_FSIZE, &saved);
	unit_unsigned(job_exit_status(writer.job), 255);
	unit_integer(writer.test->signals, 1);
	unit_unsigned(writer.container->n_events, 1);
	unit_string(writer.container->events[0], "output cannot be stored");
	unit_string(writer.job->end.start_error, "its output cannot be stored: File too large");
	test_output_store_finish(&writer);
}

/* Full pipes are read in one turn, so the files may exceed the limit by their content. */
static void a_flood_is_stored_up_to_the_limit_and_64_kib(void)
{
	enum { FULL = 65536 };
	static const char bytes[FULL];
	struct output_store_writer writer = test_output_store_start(false);
	const struct output_store *stores = writer.job->stores;

	test_output_store_put(writer.out, bytes, FULL);
	test_output_store_put(writer.err, bytes, FULL);
	test_output_store_close(&writer);
	job_end(writer.job, &ended);
	unit_true(core_case_await(writer.test, writer.job));
	unit_true(writer.job->over_limit);
	unit_true(stores[STORE_STDOUT].size + stores[STORE_STDERR].size <= 1000 + 65536);
	test_output_store_finish(&writer);
}

static void discarded_output_leaves_nothing_and_has_no_limit(void)
{
	struct output_store_writer writer = test_output_store_start(true);
	char bytes[30000] = {0};

	test_output_store_put(writer.out, bytes, sizeof(bytes));
	test_output_store_put(writer.err, bytes, sizeof(bytes));
	test_output_store_close(&writer);
	job_end(writer.job, &ended);
	unit_true(core_case_await(writer.test, writer.job));
	unit_false(writer.job->over_limit);
	unit_unsigned(writer.job->stores[STORE_STDOUT].size, 0);
	unit_false(test_output_store_has_file(&writer, "jobs"));
	test_output_store_finish(&writer);
}

static void output_is_appended_to_an_existing_file(void)
{
	struct output_store_writer writer = test_output_store_start(false);
	int out[2];

	test_output_store_put(writer.out, "first ", 6);
	test_output_store_close(&writer);
	job_end(writer.job, &ended);
	unit_true(core_case_await(writer.test, writer.job));
	job_free(writer.job);

	writer.job = core_case_job(writer.container, 7, false);
	output_store_restore(&writer.job->stores[STORE_STDOUT]);
	unit_unsigned(writer.job->stores[STORE_STDOUT].size, 6);
	unit_integer(pipe2(out, O_CLOEXEC), 0);
	writer.out = out[1];
	job_read(writer.job, out[0], -1);
	test_output_store_put(writer.out, "second", 6);
	test_output_store_close(&writer);
	job_end(writer.job, &ended);
	unit_true(core_case_await(writer.test, writer.job));
	test_output_store_expect_file(&writer, "jobs/7.stdout", "first second", 12);
	test_output_store_finish(&writer);
}

static void an_end_is_stored_before_wshd_forgets_it(void)
{
	struct output_store_writer writer = test_output_store_start(false);
	size_t size = 0;
	char *text;

	test_output_store_close(&writer);
	job_end(writer.job, &ended);
	unit_true(core_case_await(writer.test, writer.job));
	text = core_case_read(writer.container, "jobs.log", &size);
	unit_contains(text, "\"exit_status\":3");
	unit_integer(writer.test->forgotten, 1);
	free(text);
	test_output_store_finish(&writer);
}

enum { FLOOD = 65536 }; /* fills a pipe of the usual size */

static void test_output_store_flood(const struct output_store_writer *writer, int times)
{
	static const char bytes[FLOOD];
	const struct output_store *store = &writer->job->stores[STORE_STDOUT];

	for (int i = 0; i < times; i++) {
		uint64_t size = store->size + FLOOD;

		test_output_store_put(writer->out, bytes, FLOOD);
		while (store->size < size)
			uv_run(&writer->test->server.loop, UV_RUN_ONCE);
	}
}

/* A long job may be one of many, whose pipes the kernel has to hold. */
static void much_output_gets_a_large_pipe_but_not_of_all_jobs(void)
{
	struct output_store_writer writer = test_output_store_start(false);
	bool refused = fcntl(writer.err, F_SETPIPE_SZ, 16 * FLOOD) < 0; /* the user has too many */

	writer.job->output_limit = 64 * FLOOD;
	writer.container->large_pipes = 64;
	test_output_store_flood(&writer, 3);
	unit_integer(fcntl(writer.out, F_GETPIPE_SZ), FLOOD);
	writer.container->large_pipes = 63;
	test_output_store_flood(&writer, 3);
	unit_unsigned(writer.container->large_pipes, 64);
	unit_integer(fcntl(writer.out, F_GETPIPE_SZ), refused ? FLOOD : 16 * FLOOD);
	test_output_store_close(&writer);
	job_end(writer.job, &ended);
	unit_true(core_case_await(writer.test, writer.job));
	unit_unsigned(writer.container->large_pipes, 63);
	unit_unsigned(writer.job->stores[STORE_STDOUT].size, 6 * FLOOD);
	test_output_store_finish(&writer);
}

int main(int argc, char **argv)
{
	static const struct unit_test tests[] = {
		UNIT_TEST(each_stream_is_stored_in_its_file),
		UNIT_TEST(a_stream_without_output_has_no_file),
		UNIT_TEST(a_job_is_over_when_no_process_has_its_pipes),
		UNIT_TEST(exactly_the_limit_is_fine),
		UNIT_TEST(one_byte_more_kills_the_job),
		UNIT_TEST(output_that_cannot_be_stored_kills_the_job_and_names_the_cause),
		UNIT_TEST(a_flood_is_stored_up_to_the_limit_and_64_kib),
		UNIT_TEST(discarded_output_leaves_nothing_and_has_no_limit),
		UNIT_TEST(much_output_gets_a_large_pipe_but_not_of_all_jobs),
		UNIT_TEST(output_is_appended_to_an_existing_file),
		UNIT_TEST(an_end_is_stored_before_wshd_forgets_it),
	};

	return unit_main(argc, argv, "store", tests, ARRAY_SIZE(tests));
}
