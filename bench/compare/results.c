/* SPDX-License-Identifier: Apache-2.0 */
/* The results: printed as they come, and written as JSON at the end. A series has the values of one
 * subject; a goal is a ratio of two medians, or one figure, beside the number to reach. */
#include <config.h>

#include "bench/compare/results.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>

#include "bench/bench.h"

static json_t *results_series, *results_goals, *results_lines;

static json_t *results_array(json_t **array)
{
	if (!*array)
		*array = json_array();
	if (!*array)
		bench_die("out of memory");
	return *array;
}

static void results_append(json_t **array, json_t *entry)
{
	if (!entry || json_array_append_new(results_array(array), entry) < 0)
		bench_die("out of memory");
}

static json_t *results_number(double value)
{
	return isfinite(value) ? json_real(round(value * 1e4) / 1e4) : json_null();
}

double results_add(const struct results_key *key, double *values, size_t n)
{
	double median = bench_percentile(values, n, 50), low = bench_percentile(values, n, 25);
	double high = bench_percentile(values, n, 75);

	if (key->standing > 0 || key->clients > 1)
		printf("%-24s %5zu %3zu %-10s", key->what, key->standing, key->clients,
		       key->subject);
	else
		printf("%-34s %-10s", key->what, key->subject);
	printf(" %10.3f %10.3f %10.3f %s\n", median, low, high, key->unit);
	results_append(&results_series,
		       json_pack("{ss ss ss si si ss si so so so}", "group", key->group, "what",
				 key->what, "subject", key->subject, "standing", (int)key->standing,
				 "clients", (int)key->clients, "unit", key->unit, "n", (int)n,
				 "median", results_number(median), "q1", results_number(low), "q3",
				 results_number(high)));
	return median;
}

double results_median(const struct results_key *key)
{
	size_t i;
	json_t *entry;

	json_array_foreach(results_array(&results_series), i, entry) {
		if (strcmp(json_string_value(json_object_get(entry, "what")), key->what) == 0 &&
		    strcmp(json_string_value(json_object_get(entry, "subject")), key->subject) ==
			    0 &&
		    json_integer_value(json_object_get(entry, "standing")) ==
			    (json_int_t)key->standing &&
		    json_integer_value(json_object_get(entry, "clients")) ==
			    (json_int_t)key->clients)
			return json_number_value(json_object_get(entry, "median"));
	}
	return NAN;
}

void results_line(const struct bench *bench, const char *name, const char *unit,
		  const double *values, const char *aim)
{
	json_t *columns = json_object();

	for (size_t i = 0; i < bench->n_targets; i++)
		if (json_object_set_new(columns, bench->targets[i].name,
					results_number(values[i])) < 0)
			bench_die("out of memory");
	results_append(&results_lines, json_pack("{ss ss ss so}", "name", name, "unit", unit, "aim",
						 aim, "values", columns));
}

void results_goal(const char *what, double value, const char *unit, double goal, bool least)
{
	bool reached = least ? value >= goal : value <= goal;

	if (isnan(value))
		return; /* one side was not measured */
	printf("%-62s %8.3f %-3s", what, value, unit);
	if (isnan(goal))
		printf("\n");
	else
		printf(" %s %-6g %s\n", least ? ">=" : "<=", goal, reached ? "" : "not reached");
	results_append(&results_goals,
		       json_pack("{ss so ss so sb so}", "what", what, "value",
				 results_number(value), "unit", unit, "goal", results_number(goal),
				 "least", least, "reached",
				 isnan(goal) ? json_null() : json_boolean(reached)));
}

/* The first value of `field` in /proc/cpuinfo. */
static void results_read_model(char *model, size_t size)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char line[512];

	snprintf(model, size, "unknown");
	while (file && fgets(line, sizeof(line), file)) {
		char *value = strncmp(line, "model name", 10) == 0 ? strchr(line, ':') : NULL;

		if (!value)
			continue;
		value[strcspn(value, "\n")] = '\0';
		snprintf(model, size, "%s", value + 2);
		break;
	}
	if (file)
		fclose(file);
}

static json_t *results_machine(void)
{
	const char *commit = getenv("BENCH_COMMIT");
	struct utsname name;
	double load[3] = {0};
	char model[128];

	uname(&name); /* cannot fail with this argument */
	results_read_model(model, sizeof(model));
	if (getloadavg(load, 3) < 0)
		load[0] = -1;
	return json_pack("{ss ss ss si sf ss sI}", "machine", name.machine, "processor", model,
			 "kernel", name.release, "cpus", get_nprocs(), "load", load[0], "commit",
			 commit ? commit : "unknown", "time", (json_int_t)time(NULL));
}

void results_write(const struct bench *bench, const char *path)
{
	json_t *all = json_pack("{so s{si si sf} so so so}", "host", results_machine(), "settings",
				"rounds", (int)bench->rounds, "containers", (int)bench->containers,
				"seconds", bench->seconds, "lines", results_array(&results_lines),
				"series", results_array(&results_series), "goals",
				results_array(&results_goals));

	if (!all || json_dump_file(all, path, JSON_INDENT(1)) < 0)
		bench_die("%s cannot be written", path);
	json_decref(all);
}
