/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a container, step by step. Daemons take turns within each round, so that what else
 * the machine does hits all of them alike. */
#include <config.h>

#include "bench/bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum step { STEP_PING, STEP_CREATE, STEP_RUN, STEP_DESTROY, N_STEPS };

static double step_time(const struct target *target, enum step step)
{
	double time;

	switch (step) {
	case STEP_PING:
		time = call_ping(target->client);
		break;
	case STEP_CREATE:
		time = call_create(target->client, "bench");
		break;
	case STEP_RUN:
		time = call_run(target->client, "bench");
		break;
	default:
		time = call_destroy(target->client, "bench");
	}
	if (time < 0)
		die("%s: %s", target->name, warden_client_error(target->client));
	return time;
}

/* A row of times for each step and target. */
static double *times_of(double *times, const struct bench *bench, size_t rounds, size_t step,
			size_t target)
{
	return times + (step * bench->n_targets + target) * rounds;
}

static void measure(struct bench *bench, size_t rounds, useconds_t pause,
		    double medians[N_STEPS][MAX_TARGETS])
{
	double *times = calloc(N_STEPS * bench->n_targets * rounds, sizeof(*times));

	if (!times)
		die("out of memory");
	for (size_t round = 0; round < rounds; round++)
		for (size_t target = 0; target < bench->n_targets; target++)
			for (size_t step = 0; step < N_STEPS; step++) {
				usleep(pause); /* a shorter pause is as good */
				times_of(times, bench, rounds, step, target)[round] =
					step_time(&bench->targets[target], (enum step)step);
			}
	for (size_t target = 0; target < bench->n_targets; target++)
		for (size_t step = 0; step < N_STEPS; step++)
			medians[step][target] = percentile(
				times_of(times, bench, rounds, step, target), rounds, 50);
	free(times);
}

void bench_life(struct bench *bench)
{
	static const char *const names[] = {"ping", "create", "run(true)", "destroy"};
	static const char *const aims[] = {"0.1", "fake 3, linux 8", "3", "fake 3, linux 5"};
	static const char *const cold_aims[] = {"", "linux 20", "", ""};
	double medians[N_STEPS][MAX_TARGETS];
	char name[32];

	measure(bench, 5, 0, medians); /* warms up */
	measure(bench, bench->rounds, 0, medians);
	for (size_t step = 0; step < N_STEPS; step++)
		table_line(bench, names[step], "ms", medians[step], aims[step]);
	measure(bench, bench->rounds < 40 ? bench->rounds : 40, 50 * 1000, medians);
	for (size_t step = 0; step < N_STEPS; step++) {
		snprintf(name, sizeof(name), "%s, 50 ms idle", names[step]);
		table_line(bench, name, "ms", medians[step], cold_aims[step]);
	}
}
