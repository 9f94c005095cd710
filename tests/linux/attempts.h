/* SPDX-License-Identifier: Apache-2.0 */
/* The main function of a probe with several attempts: NAME ARGUMENT... prints `ok`, or the error's
 * name; an attempt that prints itself returns ATTEMPT_TOLD. */
#ifndef TESTS_LINUX_ATTEMPTS_H
#define TESTS_LINUX_ATTEMPTS_H

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { ATTEMPT_TOLD = 1 };

struct attempt_kind {
	const char *name;
	int arguments;
	int (*call)(char **arg);
};

static int attempts_run(const struct attempt_kind *kinds, size_t n, int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < n; i++) {
		int result;

		if (strcmp(kinds[i].name, argv[1]) != 0 || argc - 2 != kinds[i].arguments)
			continue;
		result = kinds[i].call(argv + 2);
		if (result != ATTEMPT_TOLD)
			puts(result < 0 ? strerrorname_np(errno) : "ok");
		return 0;
	}
	fprintf(stderr, "%s: unknown attempt, or not as many arguments as it takes\n", argv[0]);
	return 2;
}

#endif
