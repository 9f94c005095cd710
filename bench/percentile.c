/* SPDX-License-Identifier: Apache-2.0 */
/* The percentile of measured times; see bench.h. */
#include <config.h>

#include "bench/bench.h"

#include <stdlib.h>

static int bench_percentile_compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

double bench_percentile(double *values, size_t n, size_t percent)
{
	qsort(values, n, sizeof(*values), bench_percentile_compare);
	return values[(n - 1) * percent / 100];
}
