/* SPDX-License-Identifier: Apache-2.0 */
/* Collects results, prints them and writes them as JSON. One thread. */
#ifndef BENCH_COMPARE_RESULTS_H
#define BENCH_COMPARE_RESULTS_H

#include <stdbool.h>
#include <stddef.h>

struct bench;

/* What a series of values is of. Strings need not stay valid. */
struct results_key {
	const char *group, *what, *subject, *unit;
	size_t standing; /* containers that exist meanwhile */
	size_t clients;  /* at once */
};

/* Adds a series of `n` values, which it sorts. Returns the median. */
double results_add(const struct results_key *key, double *values, size_t n);

/* The median of the series with this `what`, subject and numbers; NAN: there is none. */
double results_median(const struct results_key *key);

/* A line of the table; see bench_table_line. */
void results_line(const struct bench *bench, const char *name, const char *unit,
		  const double *values, const char *aim);

/* A figure beside the number to reach: at most, or at `least`; NAN: none is set. Nothing if the
 * value is NAN. */
void results_goal(const char *what, double value, const char *unit, double goal, bool least);

/* Writes all as JSON, with the machine, the kernel and the commit (BENCH_COMMIT). */
void results_write(const struct bench *bench, const char *path);

#endif
