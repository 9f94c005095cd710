/* SPDX-License-Identifier: Apache-2.0 */
/* How the removal of many files affects another container: the time of its runs while containers
 * are removed, and while none is, in turns, so that other load of the machine affects both. */
#include <config.h>

#include "bench/bench.h"

#include <dirent.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* 40,000 files in a turn. */
enum { REMOVAL_CONTAINERS = 2, REMOVAL_FOLDERS = 20, REMOVAL_FILES = 1000 };

enum { REMOVAL_QUIET_RUNS = 100, REMOVAL_MAX_RUNS = 100000 };

/* A turn's removal may take this long. */
#define REMOVAL_MAX_MS 300e3

struct removal_runs {
	double *values;
	size_t n;
};

/* A folder a run, so that no answer takes long where files are made slowly. */
static void bench_removal_fill_folder(const struct bench_target *target, const char *handle, int n)
{
	struct warden_message *request = warden_message_new("run"), *answer;
	char script[128];

	snprintf(
		script, sizeof(script),
		"mkdir -p d/%d && cd d/%d && i=0; while [ $i -lt %d ]; do echo > $i; i=$((i + 1)); "
		"done",
		n, n, REMOVAL_FILES);
	if (!request || warden_message_set(request, "handle", handle) < 0 ||
	    warden_message_set(request, "script", script) < 0)
		bench_die("out of memory");
	answer = warden_client_call(target->client, request);
	if (!answer || warden_message_number(answer, "exit_status", 0) != 0)
		bench_die("%s: the files cannot be made: %s", target->name,
			  answer ? warden_message_bytes(answer, "stderr", 0, NULL)
				 : warden_client_error(target->client));
	warden_message_free(answer);
	warden_message_free(request);
}

static void bench_removal_fill(const struct bench_target *target, const char *handle)
{
	for (int i = 0; i < REMOVAL_FOLDERS; i++)
		bench_removal_fill_folder(target, handle, i);
}

/* The directory of the depot in which removals go on. */
static void bench_removal_find(const struct bench_target *target, const char *handle, char *path)
{
	struct warden_message *request = warden_message_new("info"), *answer;
	char own[PATH_MAX];

	if (!request || warden_message_set(request, "handle", handle) < 0)
		bench_die("out of memory");
	answer = warden_client_call(target->client, request);
	if (!answer)
		bench_die("%s: %s", target->name, warden_client_error(target->client));
	snprintf(own, sizeof(own), "%s", warden_message_bytes(answer, "container_path", 0, NULL));
	snprintf(path, PATH_MAX, "%.*s/tmp", PATH_MAX - 8, dirname(own));
	warden_message_free(answer);
	warden_message_free(request);
}

static bool bench_removal_goes_on(const char *path)
{
	DIR *dir = opendir(path);
	size_t n = 0;

	if (!dir)
		return false; /* made by the first destroy */
	while (readdir(dir))
		n++;
	closedir(dir);
	return n > 2;
}

static void bench_removal_run(const struct bench_target *target, struct removal_runs *runs)
{
	double time = bench_call_run(target->client, "neighbour");

	if (time < 0)
		bench_die("%s: %s", target->name, warden_client_error(target->client));
	if (runs->n < REMOVAL_MAX_RUNS)
		runs->values[runs->n++] = time;
}

static void bench_removal_change(const struct bench_target *target,
				 double (*call)(struct warden_client *, const char *))
{
	char handle[32];

	for (int i = 0; i < REMOVAL_CONTAINERS; i++) {
		snprintf(handle, sizeof(handle), "full-%d", i);
		if (call(target->client, handle) < 0)
			bench_die("%s: %s", target->name, warden_client_error(target->client));
		if (call == bench_call_create)
			bench_removal_fill(target, handle);
	}
}

/* Returns for how many milliseconds files were removed. */
static double bench_removal_turn(const struct bench_target *target, const char *path,
				 struct removal_runs *quiet, struct removal_runs *busy)
{
	double begin;

	bench_removal_change(target, bench_call_create);
	for (int i = 0; i < REMOVAL_QUIET_RUNS; i++)
		bench_removal_run(target, quiet);
	bench_removal_change(target, bench_call_destroy);
	begin = bench_now_ms();
	while (bench_removal_goes_on(path)) {
		bench_removal_run(target, busy);
		if (bench_now_ms() - begin > REMOVAL_MAX_MS)
			bench_die("%s: files are not removed from %s", target->name, path);
	}
	return bench_now_ms() - begin;
}

static double bench_removal_median(struct removal_runs *runs)
{
	double median = runs->n > 0 ? bench_percentile(runs->values, runs->n, 50) : 0;

	free(runs->values);
	return median;
}

static void bench_removal_measure(const struct bench_target *target, int turns, double *quiet,
				  double *times, double *rate)
{
	struct removal_runs runs[2] = {0};
	char path[PATH_MAX];
	double removal_ms = 0;

	for (int i = 0; i < 2; i++)
		if (!(runs[i].values = calloc(REMOVAL_MAX_RUNS, sizeof(double))))
			bench_die("out of memory");
	if (bench_call_create(target->client, "neighbour") < 0)
		bench_die("%s: %s", target->name, warden_client_error(target->client));
	bench_removal_find(target, "neighbour", path);
	for (int turn = 0; turn < turns; turn++)
		removal_ms += bench_removal_turn(target, path, &runs[0], &runs[1]);
	*rate = turns * REMOVAL_CONTAINERS * REMOVAL_FOLDERS * REMOVAL_FILES / removal_ms;
	*quiet = bench_removal_median(&runs[0]);
	*times = bench_removal_median(&runs[1]) / *quiet;
	if (bench_call_destroy(target->client, "neighbour") < 0)
		bench_die("%s: %s", target->name, warden_client_error(target->client));
}

void bench_removal(const struct bench *bench, int turns)
{
	double quiet[MAX_TARGETS], times[MAX_TARGETS], rates[MAX_TARGETS];

	for (size_t t = 0; t < bench->n_targets; t++)
		bench_removal_measure(&bench->targets[t], turns, &quiet[t], &times[t], &rates[t]);
	bench_table_line(bench, "run", "ms", quiet, "");
	bench_table_line(bench, "  while files are removed", "times", times, "1.5");
	bench_table_line(bench, "  files removed", "1/ms", rates, "");
}
