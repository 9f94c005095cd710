/* SPDX-License-Identifier: Apache-2.0 */
/* CPU time that a spawn costs the daemon in a container with many jobs that were not collected, and
 * in one without: both in turn, so that other load of the machine affects them equally. */
#include <config.h>

#include "bench/bench.h"

#include <time.h>

enum { UNCOLLECTED = 1000, TURNS = 20, SPAWNS = 25 /* of a turn */ };

/* Microseconds of all threads of the daemon. */
static double uncollected_cpu_us(const struct bench_target *target)
{
	struct timespec used;
	clockid_t clock;

	if (clock_getcpuclockid(target->pid, &clock) != 0 || clock_gettime(clock, &used) < 0)
		bench_die("%s: the daemon's cpu time cannot be read", target->name);
	return (double)used.tv_sec * 1e6 + (double)used.tv_nsec / 1e3;
}

/* Spawns `true`, and links it if `collect`. */
static void uncollected_spawn(const struct bench_target *target, const char *handle, bool collect)
{
	struct warden_message *spawn = warden_message_new("spawn");
	struct warden_message *link = warden_message_new("link"), *job, *end = NULL;

	if (!spawn || !link || warden_message_set(spawn, "handle", handle) < 0 ||
	    warden_message_set(spawn, "argv", "true") < 0 ||
	    warden_message_set(link, "handle", handle) < 0)
		bench_die("out of memory");
	job = warden_client_call(target->client, spawn);
	if (job && collect &&
	    warden_message_set_number(link, "job_id", warden_message_number(job, "job_id", 0)) == 0)
		end = warden_client_call(target->client, link);
	if (!job || (collect && !end))
		bench_die("%s: %s", target->name, warden_client_error(target->client));
	warden_message_free(spawn);
	warden_message_free(link);
	warden_message_free(job);
	warden_message_free(end);
}

static double uncollected_measure(const struct bench_target *target, const char *handle)
{
	double before;

	uncollected_spawn(target, handle, true); /* what ended before is done */
	before = uncollected_cpu_us(target);
	for (int i = 0; i < SPAWNS; i++)
		uncollected_spawn(target, handle, true);
	return (uncollected_cpu_us(target) - before) / SPAWNS;
}

static void uncollected_compare(const struct bench_target *target, double *none, double *ratio)
{
	double sums[2] = {0};

	if (bench_call_create(target->client, "none") < 0 ||
	    bench_call_create(target->client, "many") < 0)
		bench_die("%s: %s", target->name, warden_client_error(target->client));
	for (int i = 0; i < UNCOLLECTED; i++) {
		uncollected_spawn(target, "many", false);
		if (i % SPAWNS == 0)
			uncollected_spawn(target, "many", true); /* so that wshd keeps up */
	}
	for (int turn = 0; turn < TURNS; turn++) {
		sums[0] += uncollected_measure(target, "none");
		sums[1] += uncollected_measure(target, "many");
	}
	*none = sums[0] / TURNS;
	*ratio = sums[1] / sums[0];
	if (bench_call_destroy(target->client, "none") < 0 ||
	    bench_call_destroy(target->client, "many") < 0)
		bench_die("%s: %s", target->name, warden_client_error(target->client));
}

void bench_uncollected(const struct bench *bench)
{
	double none[MAX_TARGETS], ratios[MAX_TARGETS];

	for (size_t t = 0; t < bench->n_targets; t++)
		uncollected_compare(&bench->targets[t], &none[t], &ratios[t]);
	bench_table_line(bench, "spawn and link, daemon's cpu", "us", none, "");
	bench_table_line(bench, "  by 1000 uncollected jobs", "times", ratios, "1.5");
}
