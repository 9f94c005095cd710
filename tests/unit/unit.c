/* SPDX-License-Identifier: Apache-2.0 */
/* The runner of the unit programs: drives a table of cases through CUnit and reports. */
#include <config.h>

#include "tests/unit/unit.h"

#include <CUnit/CUnit.h>
#include <CUnit/TestDB.h>
#include <CUnit/TestRun.h>
#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The files that the program made, and the paths that it handed out. */
static char *directory;
static char **paths;
static size_t n_paths;

/* A test program that cannot go on is a failed one. */
static void die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

bool unit_check(bool held, const char *condition, const char *file, int line)
{
	return CU_assertImplementation(held, (unsigned)line, condition, file, "", CU_FALSE);
}

bool unit_check_integer(int64_t seen, int64_t expected, const char *what, const char *file,
			int line)
{
	char text[512];

	snprintf(text, sizeof(text), "%s: expected %" PRId64 ", seen %" PRId64, what, expected,
		 seen);
	return unit_check(seen == expected, text, file, line);
}

bool unit_check_unsigned(uint64_t seen, uint64_t expected, const char *what, const char *file,
			 int line)
{
	char text[512];

	snprintf(text, sizeof(text), "%s: expected %" PRIu64 ", seen %" PRIu64, what, expected,
		 seen);
	return unit_check(seen == expected, text, file, line);
}

/* Reports a comparison of two texts, in full however long they are. */
static bool check_texts(bool held, const char *seen, const char *relation, const char *expected,
			const char *what, const char *file, int line)
{
	char *text = NULL;
	bool result;

	if (held)
		return unit_check(true, what, file, line);
	if (asprintf(&text, "%s:\n      expected%s: %s\n      seen: %s", what, relation,
		     expected ? expected : "(null)", seen ? seen : "(null)") < 0)
		die("asprintf");
	result = unit_check(false, text, file, line);
	free(text);
	return result;
}

bool unit_check_string(const char *seen, const char *expected, const char *what, const char *file,
		       int line)
{
	bool held = seen && expected ? strcmp(seen, expected) == 0 : seen == expected;

	return check_texts(held, seen, "", expected, what, file, line);
}

bool unit_check_contains(const char *seen, const char *part, const char *what, const char *file,
			 int line)
{
	return check_texts(seen && strstr(seen, part), seen, " to contain", part, what, file, line);
}

bool unit_check_bytes(const void *seen, size_t seen_size, const void *expected,
		      size_t expected_size, const char *what, const char *file, int line)
{
	const unsigned char *a = seen, *b = expected;
	size_t at = 0;
	char text[512];

	while (at < seen_size && at < expected_size && a[at] == b[at])
		at++;
	snprintf(text, sizeof(text),
		 "%s: expected %zu bytes, seen %zu, they differ from byte %zu on", what,
		 expected_size, seen_size, at);
	return unit_check(at == seen_size && at == expected_size, text, file, line);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *place)
{
	(void)st;
	(void)type;
	(void)place;
	return remove(path);
}

/* At exit: the directory and the paths. */
static void clean_up(void)
{
	if (directory && nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) != 0)
		fprintf(stderr, "cannot remove %s: %s\n", directory, strerror(errno));
	for (size_t i = 0; i < n_paths; i++)
		free(paths[i]);
	free(paths);
	free(directory);
}

const char *unit_directory(void)
{
	const char *parent = getenv("TMPDIR");

	if (directory)
		return directory;
	if (asprintf(&directory, "%s/warden-unit-XXXXXX", parent && *parent ? parent : "/tmp") < 0)
		die("asprintf");
	if (!mkdtemp(directory))
		die(directory);
	return directory;
}

const char *unit_file(const char *path, const char *text)
{
	char *full = NULL, **grown = realloc(paths, (n_paths + 1) * sizeof(*paths));
	FILE *file;

	if (!grown || asprintf(&full, "%s/%s", unit_directory(), path) < 0)
		die("memory");
	paths = grown;
	paths[n_paths++] = full;
	file = fopen(full, "we");
	if (!file || fputs(text, file) == EOF || fclose(file) != 0)
		die(full);
	return full;
}

/* Whether the command line asks for this case. */
static bool is_wanted(int argc, char **argv, const char *name)
{
	for (int i = 1; i < argc; i++)
		if (strstr(name, argv[i]))
			return true;
	return argc <= 1;
}

/* Runs one case; the failures of it alone are printed. */
static bool run_case(CU_pSuite suite, const struct unit_test *test)
{
	CU_pTest added = CU_add_test(suite, test->name, test->run);
	unsigned failures = 0;

	if (!added || CU_run_test(suite, added) != CUE_SUCCESS) {
		printf("FAIL %s: %s\n", test->name, CU_get_error_msg());
		return false;
	}
	for (CU_pFailureRecord r = CU_get_failure_list(); r; r = r->pNext, failures++)
		printf("  %s:%u: %s\n", r->strFileName, r->uiLineNumber, r->strCondition);
	printf("%s %s\n", failures ? "FAIL" : "ok  ", test->name);
	fflush(stdout);
	return failures == 0;
}

int unit_main(int argc, char **argv, const char *suite_name, const struct unit_test *tests,
	      size_t count)
{
	unsigned passed = 0, failed = 0;
	CU_pSuite suite;

	if (atexit(clean_up) != 0 || CU_initialize_registry() != CUE_SUCCESS)
		die("cannot begin");
	suite = CU_add_suite(suite_name, NULL, NULL);
	if (!suite)
		die(suite_name);
	for (size_t i = 0; i < count; i++) {
		if (!is_wanted(argc, argv, tests[i].name))
			continue;
		if (run_case(suite, &tests[i]))
			passed++;
		else
			failed++;
	}
	CU_cleanup_registry();
	printf("%u passed, %u failed\n", passed, failed);
	return failed || !passed ? EXIT_FAILURE : EXIT_SUCCESS;
}
