/* SPDX-License-Identifier: Apache-2.0 */
/* The frame of a unit program: a table of cases, each a property by name, that CUnit runs.
 * A failing assertion is printed as FILE:LINE with what was expected and what was seen, and its
 * case goes on. The program ends with the line `N passed, N failed`. */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct unit_test {
	const char *name; /* the sentence that the case proves, words joined by _ */
	void (*run)(void);
};

/* A table's entry from a function's name. */
#define UNIT_TEST(function)                                                                        \
	{                                                                                          \
#function, function                                                                \
	}

/* Runs the table (only those cases whose names contain an argument of the command line, where there
 * is one). The exit status of the program. */
int unit_main(int argc, char **argv, const char *suite, const struct unit_test *tests,
	      size_t count);

/* Assertions; each returns whether it held, to leave a case early:
 * `if (!unit_true(p)) return;` */
bool unit_check(bool held, const char *condition, const char *file, int line);
bool unit_check_integer(int64_t seen, int64_t expected, const char *what, const char *file,
			int line);
bool unit_check_unsigned(uint64_t seen, uint64_t expected, const char *what, const char *file,
			 int line);
bool unit_check_string(const char *seen, const char *expected, const char *what, const char *file,
		       int line);
bool unit_check_contains(const char *seen, const char *part, const char *what, const char *file,
			 int line);
bool unit_check_bytes(const void *seen, size_t seen_size, const void *expected,
		      size_t expected_size, const char *what, const char *file, int line);

#define unit_true(condition)                                                                       \
	__extension__({                                                                            \
		bool held_ = (condition);                                                          \
		unit_check(held_, #condition, __FILE__, __LINE__);                                 \
		held_;                                                                             \
	})
#define unit_false(condition) unit_true(!(condition))
#define unit_integer(seen, expected)                                                               \
	unit_check_integer((seen), (expected), #seen, __FILE__, __LINE__)
#define unit_unsigned(seen, expected)                                                              \
	unit_check_unsigned((seen), (expected), #seen, __FILE__, __LINE__)
#define unit_string(seen, expected) unit_check_string((seen), (expected), #seen, __FILE__, __LINE__)
#define unit_contains(seen, part)   unit_check_contains((seen), (part), #seen, __FILE__, __LINE__)
#define unit_bytes(seen, seen_size, expected, expected_size)                                       \
	unit_check_bytes((seen), (seen_size), (expected), (expected_size), #seen, __FILE__,        \
			 __LINE__)
#define unit_fail(message) unit_check(false, (message), __FILE__, __LINE__)

/* A directory of the case's own below $TMPDIR (or /tmp), gone with all its content when the program
 * ends. The path is the runner's. */
const char *unit_directory(void);

/* Writes a file (path relative to unit_directory) and returns its absolute path, the runner's. */
const char *unit_file(const char *path, const char *text);

#endif
