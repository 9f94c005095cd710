/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the table. */
#include <config.h>

#include "bench/bench.h"

#include "bench/compare/results.h"

#include <math.h>
#include <stdio.h>

void bench_table_begin(const struct bench *bench)
{
	printf("%-32s %-8s", "", "");
	for (size_t i = 0; i < bench->n_targets; i++)
		printf(" %10s", bench->targets[i].name);
	printf("   aim\n");
}

void bench_table_line(const struct bench *bench, const char *name, const char *unit,
		      const double *values, const char *aim)
{
	results_line(bench, name, unit, values, aim);
	printf("%-32s %-8s", name, unit);
	for (size_t i = 0; i < bench->n_targets; i++)
		if (isnan(values[i]))
			printf(" %10s", "-");
		else
			printf(" %10.*f",
			       fabs(values[i]) < 10 && values[i] != floor(values[i]) ? 3 : 1,
			       values[i]);
	printf("   %s\n", aim);
	fflush(stdout); /* the next line takes a while; main checks for errors */
}
