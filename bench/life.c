/* SPDX-License-Identifier: Apache-2.0 */
/* Times of each step in the life of a container. Each round measures all daemons, so that other
 * load of the machine affects them equally. */
#include <config.h>

#include "bench/bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum step { STEP_PING, STEP_CREATE, STEP_RUN, STEP_DESTROY, N_STEPS };

static double bench_life_time_step(const struct bench_target *target, enum step step)
{
	double time;

	switch (step) {
	case STEP_PING:
		time = bench_call_ping(target->client);
		break;
	case STEP_CREATE:
		time = bench_call_create(target->client, "bench");
		break;
	case STEP_RUN:
		time = bench_call_run(target->client, "bench");
		break;
	default:
		time = bench_call_destroy(target->client, "bench");
	}
	if (time < 0)
		bench_die("%s: %s", target->name, warden_client_error(target->client));
	return time;
}

/* Returns the row of times of a step and target. */
static double *bench_life_times(double *times, const struct bench *bench, size_t rounds,
				size_t step, size_t target)
{
	return times + (step * bench->n_targets + target) * rounds;
}

static void bench_life_measure(struct bench *bench, size_t rounds, useconds_t pause,
			       double medians[N_STEPS][MAX_TARGETS])
{
	double *times = calloc(N_STEPS * bench->n_targets * rounds, sizeof(*times));

	if (!times)
		bench_die("out of memory");
	for (size_t round = 0; round < rounds; round++)
		for (size_t target = 0; target < bench->n_targets; target++)
			for (size_t step = 0; step < N_STEPS; step++) {
				usleep(pause); /* a shorter pause will do */
				bench_life_times(times, bench, rounds, step, target)[round] =
					bench_life_time_step(&bench->targets[target],
							     (enum step)step);
			}
	for (size_t target = 0; target < bench->n_targets; target++)
		for (size_t step = 0; step < N_STEPS; step++)
			medians[step][target] = bench_percentile(
				bench_life_times(times, bench, rounds, step, target), rounds, 50);
	free(times);
}

void bench_life(struct bench *bench)
{
	static const char *const names[] = {"ping", "create", "run(true)", "destroy"};
	static const char *const aims[] = {"0.1", "fake 3, linux 8", "3", "fake 3, linux 5"};
	static const char *const cold_aims[] = {"", "linux 20", "", ""};
	double medians[N_STEPS][MAX_TARGETS];
	char name[32];

	bench_life_measure(bench, 5, 0, medians); /* warm up */
	bench_life_measure(bench, bench->rounds, 0, medians);
	for (size_t step = 0; step < N_STEPS; step++)
		bench_table_line(bench, names[step], "ms", medians[step], aims[step]);
	bench_life_measure(bench, bench->rounds < 40 ? bench->rounds : 40, 50 * 1000, medians);
	for (size_t step = 0; step < N_STEPS; step++) {
		snprintf(name, sizeof(name), "%s, 50 ms idle", names[step]);
		bench_table_line(bench, name, "ms", medians[step], cold_aims[step]);
	}
}
