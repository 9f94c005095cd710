/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that are allowed whatever their arguments, as ranges of numbers: a fifth of the
 * instructions that libseccomp makes of as many names. Each job loads and compiles its program, so
 * the length of a program is the cost of a job.
 */
#ifndef BACKENDS_LINUX_SECCOMP_SECCOMP_RANGES_H
#define BACKENDS_LINUX_SECCOMP_SECCOMP_RANGES_H

#include <stdbool.h>

#include "backends/linux/seccomp/seccomp_program.h"

/* Numbers of calls are below this where ranges are used. */
enum { SECCOMP_CALLS_MAX = 1024 };

/* The calls of the two architectures: the native one, the other. */
struct seccomp_calls {
	char *names[2][SECCOMP_CALLS_MAX]; /* from malloc(3); NULL: there is no call */
	bool allowed[2][SECCOMP_CALLS_MAX];
};

/* Fills the names; none is allowed. */
void seccomp_ranges_begin(struct seccomp_calls *calls);
void seccomp_ranges_free(struct seccomp_calls *calls);

/* Allows a call by its name. */
void seccomp_ranges_add(struct seccomp_calls *calls, const char *name);

/* Appends the calls: they are allowed at once, parts that follow judge the others. */
int seccomp_ranges_append(struct seccomp_program *program, const struct seccomp_calls *calls,
			  struct warden_error *err);

#endif
