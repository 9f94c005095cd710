/* SPDX-License-Identifier: Apache-2.0 */
/* The log: levels, targets, one line per event for any text, threads, rotation. */
#include <config.h>

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/config/config.h"
#include "core/log.h"
#include "core/server.h"
#include "lib/cleanup.h"
#include "lib/text.h"

static char content[1024 * 1024];

/* The content of a file. */
static const char *test_log_read_file(const char *path)
{
	FILE *file = fopen(path, "re");
	size_t length = 0;

	if (unit_true(file != NULL)) {
		length = fread(content, 1, sizeof(content) - 1, file);
		fclose(file);
	}
	content[length] = '\0';
	return content;
}

/* A path in the test's directory; the previous one is overwritten. */
static const char *test_log_make_path(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", unit_directory(), name);
	return path;
}

/* Opens the log as the configuration would. `file`, `syslog` and `socket` may be NULL. */
static void test_log_open(const char *level, const char *file, const char *ident,
			  const char *socket)
{
	struct warden_error err = {0};
	struct config config = {0};

	config.logging.level = log_level_parse(level);
	config.logging.file = (char *)file;
	config.logging.syslog = (char *)ident;
	config.server.syslog_socket = (char *)socket;
	unit_integer(log_open(&config, &err), 0);
	unit_string(err.message, "");
}

/* Whether the text matches an extended regular expression. */
static bool test_log_matches(const char *text, const char *expression)
{
	regex_t regex;
	bool result;

	if (regcomp(&regex, expression, REG_EXTENDED | REG_NOSUB) != 0)
		return false;
	result = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return result;
}

#define STAMP "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z"

static size_t test_log_count_lines(const char *text)
{
	size_t lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

static void a_line_has_time_level_and_text(void)
{
	test_log_open("info", test_log_make_path("log"), NULL, NULL);
	log_write(WARDEN_LOG_WARN, "handle %s: %d", "abc", 7);
	log_close();
	unit_true(test_log_matches(test_log_read_file(test_log_make_path("log")),
				   "^" STAMP " warn handle abc: 7\n$"));
}

/* How many lines have the subject. */
static size_t test_log_count(const char *subject)
{
	size_t n = 0;

	for (const char *at = content; (at = strstr(at, subject)); at++)
		n++;
	return n;
}

/* How many lines with the subject were suppressed, by what the log says. */
static unsigned long test_log_sum_suppressed(const char *subject)
{
	unsigned long sum = 0;

	for (const char *at = content; (at = strstr(at, subject)); at++) {
		char *end;
		unsigned long n = strtoul(at + strlen(subject), &end, 10);

		sum += strncmp(end, " lines suppressed", 17) == 0 ? n : 0;
	}
	return sum;
}

static void lines_of_a_backend_about_one_container_are_limited(void)
{
	static struct config config;
	static struct server server = {.config = &config};
	const struct warden_host *host = &server.host;

	test_log_open("info", test_log_make_path("limited"), NULL, NULL);
	backend_host_init(&server);
	for (int i = 0; i < 3000; i++)
		host->log(host, WARDEN_LOG_WARN, "1j1g3one", "number %d", i);
	for (int i = 0; i < 50; i++)
		host->log(host, WARDEN_LOG_WARN, NULL, "of the whole: %d", i);
	host->log(host, WARDEN_LOG_WARN, "1j1g3two", "another one");
	backend_host_flush_log();
	log_close();
	test_log_read_file(test_log_make_path("limited"));
	/* 10 a second, however many the loop has taken. */
	unit_true(test_log_count("1j1g3one: number ") < 1500);
	unit_true(test_log_count("1j1g3one: number ") >= 10);
	unit_unsigned(test_log_count("1j1g3one: number ") + test_log_sum_suppressed("1j1g3one: "),
		      3000);
	unit_unsigned(test_log_count("of the whole: "), 50);
	unit_unsigned(test_log_count("1j1g3two: another one"), 1);
}

static void levels_below_the_one_configured_are_not_written(void)
{
	test_log_open("warn", test_log_make_path("levels"), NULL, NULL);
	unit_true(log_enabled(WARDEN_LOG_FATAL));
	unit_true(log_enabled(WARDEN_LOG_WARN));
	unit_false(log_enabled(WARDEN_LOG_INFO));
	log_write(WARDEN_LOG_FATAL, "one");
	log_write(WARDEN_LOG_WARN, "two");
	log_write(WARDEN_LOG_INFO, "three");
	log_write(WARDEN_LOG_DEBUG2, "four");
	log_close();
	test_log_read_file(test_log_make_path("levels"));
	unit_unsigned(test_log_count_lines(content), 2);
	unit_contains(content, " fatal one\n");
	unit_contains(content, " warn two\n");
}

static void off_writes_nothing(void)
{
	test_log_open("off", test_log_make_path("off"), NULL, NULL);
	log_write(WARDEN_LOG_FATAL, "one");
	log_close();
	unit_string(test_log_read_file(test_log_make_path("off")), "");
}

static void every_level_has_a_name_and_back(void)
{
	for (int level = WARDEN_LOG_FATAL; level <= WARDEN_LOG_DEBUG2; level++)
		unit_integer(log_level_parse(log_level_name((enum warden_log_level)level)), level);
	unit_integer(log_level_parse("off"), -1);
	unit_integer(log_level_parse("INFO"), -2);
	unit_integer(log_level_parse(""), -2);
}

static void hostile_text_makes_no_second_line(void)
{
	test_log_open("info", test_log_make_path("hostile"), NULL, NULL);
	log_write(WARDEN_LOG_INFO, "handle %s",
		  "a\n2026-01-01T00:00:00.000000Z fatal b\r\x1b[31m\xff");
	log_close();
	test_log_read_file(test_log_make_path("hostile"));
	unit_unsigned(test_log_count_lines(content), 1);
	unit_contains(content,
		      " info handle a\\n2026-01-01T00:00:00.000000Z fatal b\\r\\x1b[31m\\xff\n");
}

static void a_long_line_is_truncated_and_marked(void)
{
	char *text = malloc(100001);

	for (size_t i = 0; i < 100000; i += 2)
		memcpy(text + i, "é", 2);
	text[100000] = '\0';
	test_log_open("info", test_log_make_path("long"), NULL, NULL);
	log_write(WARDEN_LOG_INFO, "%s", text);
	log_write(WARDEN_LOG_INFO, "next");
	log_close();
	free(text);
	test_log_read_file(test_log_make_path("long"));
	unit_unsigned(test_log_count_lines(content), 2);
	unit_true(text_is_utf8(content, strlen(content)));
	unit_true(strchr(content, '\n') - content <= 4096);
	unit_contains(content, "é...\n");
}

static void __attribute__((format(printf, 2, 3)))
test_log_write_with_subject(const char *subject, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_vwrite(WARDEN_LOG_INFO, subject, format, args);
	va_end(args);
}

static void a_subject_stands_before_the_text(void)
{
	test_log_open("info", test_log_make_path("subject"), NULL, NULL);
	test_log_write_with_subject("0123456789a", "made in %d ms", 5);
	test_log_write_with_subject(NULL, "nobody's");
	log_close();
	test_log_read_file(test_log_make_path("subject"));
	unit_contains(content, " info 0123456789a: made in 5 ms\n");
	unit_contains(content, " info nobody's\n");
}

static void logging_keeps_errno(void)
{
	test_log_open("info", test_log_make_path("errno"), NULL, NULL);
	errno = ENOTNAM;
	log_write(WARDEN_LOG_INFO, "x");
	unit_integer(errno, ENOTNAM);
	log_close();
}

static void a_file_is_appended_to(void)
{
	unit_file("append", "before\n");
	test_log_open("info", test_log_make_path("append"), NULL, NULL);
	log_write(WARDEN_LOG_INFO, "after");
	log_close();
	test_log_read_file(test_log_make_path("append"));
	unit_integer(strncmp(content, "before\n", 7), 0);
	unit_contains(content, " info after\n");
}

static void a_rotated_file_is_not_written_after_reopen(void)
{
	char old[PATH_MAX];
	struct warden_error err;

	test_log_open("info", test_log_make_path("rotate"), NULL, NULL);
	log_write(WARDEN_LOG_INFO, "one");
	snprintf(old, sizeof(old), "%s", test_log_make_path("rotate.1"));
	unit_integer(rename(test_log_make_path("rotate"), old), 0);
	log_write(WARDEN_LOG_INFO, "two");
	unit_integer(log_reopen(&err), 0);
	log_write(WARDEN_LOG_INFO, "three");
	log_close();
	unit_unsigned(test_log_count_lines(test_log_read_file(old)), 2);
	unit_contains(content, "two\n");
	unit_unsigned(test_log_count_lines(test_log_read_file(test_log_make_path("rotate"))), 1);
	unit_contains(content, "three\n");
}

static void a_reopen_that_fails_keeps_the_old_file(void)
{
	struct warden_error err = {0};
	char expected[PATH_MAX + 64], moved[PATH_MAX];

	unit_integer(mkdir(test_log_make_path("dir"), 0700), 0);
	test_log_open("info", test_log_make_path("dir/log"), NULL, NULL);
	snprintf(moved, sizeof(moved), "%s", test_log_make_path("moved"));
	unit_integer(rename(test_log_make_path("dir"), moved), 0);
	snprintf(expected, sizeof(expected), "open log file %s: No such file or directory",
		 test_log_make_path("dir/log"));
	unit_integer(log_reopen(&err), -1);
	unit_string(err.message, expected);
	log_write(WARDEN_LOG_INFO, "still here");
	log_close();
	unit_contains(test_log_read_file(test_log_make_path("moved/log")), "still here\n");
}

static void a_file_that_cannot_be_opened_is_an_error_and_the_log_stays(void)
{
	struct warden_error err = {0};
	struct config config = {0};
	char expected[PATH_MAX + 64];

	test_log_open("info", test_log_make_path("stays"), NULL, NULL);
	config.logging.file = (char *)test_log_make_path("absent/log");
	snprintf(expected, sizeof(expected), "open log file %s: No such file or directory",
		 config.logging.file);
	unit_integer(log_open(&config, &err), -1);
	unit_string(err.message, expected);
	log_write(WARDEN_LOG_INFO, "here");
	log_close();
	unit_contains(test_log_read_file(test_log_make_path("stays")), "here\n");
}

static void a_log_file_is_not_readable_by_other_users(void)
{
	struct stat st = {0};

	test_log_open("info", test_log_make_path("mode"), NULL, NULL);
	log_close();
	unit_integer(stat(test_log_make_path("mode"), &st), 0);
	unit_unsigned(st.st_mode & 07777 & ~0640U, 0);
}

/* Runs `act` with stderr redirected to a file, and reads that into `content`. */
static void test_log_capture_stderr(void (*act)(void))
{
	int saved = dup(STDERR_FILENO);
	int fd = open(test_log_make_path("stderr"),
		      O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);

	unit_true(saved >= 0 && fd >= 0 && dup2(fd, STDERR_FILENO) == STDERR_FILENO);
	act();
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(fd);
	test_log_read_file(test_log_make_path("stderr"));
}

static void test_log_write_one(void)
{
	log_write(WARDEN_LOG_INFO, "to whom it may concern");
}

static void without_file_and_syslog_lines_go_to_stderr(void)
{
	test_log_open("info", NULL, NULL, NULL);
	test_log_capture_stderr(test_log_write_one);
	unit_true(test_log_matches(content, "^" STAMP " info to whom it may concern\n$"));
	log_close();
}

static void a_full_disk_sends_lines_to_stderr(void)
{
	test_log_open("info", "/dev/full", NULL, NULL);
	test_log_capture_stderr(test_log_write_one);
	unit_contains(content, " info to whom it may concern\n");
	log_close();
}

static void a_syslog_that_is_not_there_sends_lines_to_stderr(void)
{
	char socket_path[PATH_MAX];

	snprintf(socket_path, sizeof(socket_path), "%s", test_log_make_path("nobody"));
	test_log_open("info", NULL, "wardend", socket_path);
	test_log_capture_stderr(test_log_write_one);
	unit_contains(content, " info to whom it may concern\n");
	log_close();
}

/* A socket like syslog's, bound to a name in the test's directory. */
static int test_log_make_syslog(const char *name, char path[PATH_MAX])
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(path, PATH_MAX, "%s", test_log_make_path(name));
	unit_true(strlen(path) < sizeof(address.sun_path));
	memcpy(address.sun_path, path, strlen(path));
	unit_integer(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void syslog_gets_each_line_with_priority_and_ident(void)
{
	char path[PATH_MAX], text[1024] = "", expression[128];
	int fd = test_log_make_syslog("syslog", path);

	test_log_open("debug", NULL, "wardend", path);
	log_write(WARDEN_LOG_INFO, "hello\nworld");
	unit_true(recv(fd, text, sizeof(text) - 1, 0) > 0);
	snprintf(expression, sizeof(expression),
		 "^<30>[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} wardend\\[%d\\]: hello\\\\nworld$",
		 (int)getpid());
	if (!test_log_matches(text, expression))
		unit_string(text, expression);
	memset(text, 0, sizeof(text));
	log_write(WARDEN_LOG_FATAL, "over");
	unit_true(recv(fd, text, sizeof(text) - 1, 0) > 0);
	unit_integer(strncmp(text, "<26>", 4), 0);
	log_close();
	close(fd);
}

static void test_log_write_thousand(void)
{
	for (unsigned i = 0; i < 1000; i++)
		log_write(WARDEN_LOG_INFO, "line %u", i);
}

static void a_syslog_that_does_not_read_does_not_stop_the_daemon(void)
{
	char path[PATH_MAX];
	int fd = test_log_make_syslog("stuck", path);

	test_log_open("info", NULL, "wardend", path);
	alarm(20);
	test_log_capture_stderr(test_log_write_thousand);
	alarm(0);
	unit_contains(content, " info line 999\n");
	log_close();
	close(fd);
}

static void file_and_syslog_may_be_both(void)
{
	char path[PATH_MAX], text[1024] = "";
	int fd = test_log_make_syslog("both", path);

	test_log_open("info", test_log_make_path("both.log"), "w", path);
	log_write(WARDEN_LOG_INFO, "twice");
	unit_true(recv(fd, text, sizeof(text) - 1, 0) > 0);
	unit_contains(text, ": twice");
	unit_contains(test_log_read_file(test_log_make_path("both.log")), " info twice\n");
	log_close();
	close(fd);
}

static void *test_log_write_many(void *name)
{
	for (unsigned i = 0; i < 2000; i++)
		log_write(WARDEN_LOG_INFO, "thread %s line %u of many, with some text behind it",
			  (const char *)name, i);
	return NULL;
}

static void lines_of_many_threads_do_not_mix_nor_get_lost_in_a_rotation(void)
{
	static const char *const names[] = {"a", "b", "c", "d"};
	pthread_t threads[ARRAY_SIZE(names)];
	struct warden_error err;
	char *line, *rest;
	size_t lines = 0;

	test_log_open("info", test_log_make_path("threads"), NULL, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		unit_integer(
			pthread_create(&threads[i], NULL, test_log_write_many, (void *)names[i]),
			0);
	for (unsigned i = 0; i < 200; i++)
		unit_integer(log_reopen(&err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		pthread_join(threads[i], NULL);
	log_close();
	test_log_read_file(test_log_make_path("threads"));
	for (line = strtok_r(content, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		lines++;
		if (strlen(line) < 28 || strncmp(line + 27, " info thread ", 13) != 0 ||
		    !strstr(line, " of many, with some text behind it"))
			unit_string(line, "a whole line");
	}
	unit_unsigned(lines, ARRAY_SIZE(names) * 2000);
}

int main(int argc, char **argv)
{
	static const struct unit_test tests[] = {
		UNIT_TEST(a_line_has_time_level_and_text),
		UNIT_TEST(lines_of_a_backend_about_one_container_are_limited),
		UNIT_TEST(levels_below_the_one_configured_are_not_written),
		UNIT_TEST(off_writes_nothing),
		UNIT_TEST(every_level_has_a_name_and_back),
		UNIT_TEST(hostile_text_makes_no_second_line),
		UNIT_TEST(a_long_line_is_truncated_and_marked),
		UNIT_TEST(a_subject_stands_before_the_text),
		UNIT_TEST(logging_keeps_errno),
		UNIT_TEST(a_file_is_appended_to),
		UNIT_TEST(a_rotated_file_is_not_written_after_reopen),
		UNIT_TEST(a_reopen_that_fails_keeps_the_old_file),
		UNIT_TEST(a_file_that_cannot_be_opened_is_an_error_and_the_log_stays),
		UNIT_TEST(a_log_file_is_not_readable_by_other_users),
		UNIT_TEST(without_file_and_syslog_lines_go_to_stderr),
		UNIT_TEST(a_full_disk_sends_lines_to_stderr),
		UNIT_TEST(a_syslog_that_is_not_there_sends_lines_to_stderr),
		UNIT_TEST(syslog_gets_each_line_with_priority_and_ident),
		UNIT_TEST(a_syslog_that_does_not_read_does_not_stop_the_daemon),
		UNIT_TEST(file_and_syslog_may_be_both),
		UNIT_TEST(lines_of_many_threads_do_not_mix_nor_get_lost_in_a_rotation),
	};

	return unit_main(argc, argv, "log", tests, ARRAY_SIZE(tests));
}
