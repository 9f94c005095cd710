/* SPDX-License-Identifier: Apache-2.0 */
/* Load test: many clients create and destroy containers at once. */
#include <config.h>

#include "bench/bench.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

struct bench_load_worker {
	pthread_t thread;
	const struct bench_target *target;
	size_t number;
	double end;
	size_t lives, errors;
	char first_error[256];
};

static void bench_load_count_error(struct bench_load_worker *worker,
				   const struct warden_client *client)
{
	if (worker->errors++ == 0)
		snprintf(worker->first_error, sizeof(worker->first_error), "%s",
			 warden_client_error(client)); /* may be truncated */
}

static void *bench_load_run_worker(void *data)
{
	struct bench_load_worker *worker = data;
	struct warden_client *client = bench_call_connect(worker->target->socket);
	char handle[32];

	snprintf(handle, sizeof(handle), "load-%zu", worker->number);
	while (bench_now_ms() < worker->end && worker->errors < 100) {
		if (bench_call_create(client, handle) < 0 || bench_call_destroy(client, handle) < 0)
			bench_load_count_error(worker, client);
		else
			worker->lives++;
	}
	warden_client_free(client);
	return NULL;
}

/* The results of one target. */
struct bench_load_result {
	double lives_a_second, growth_kb;
	size_t errors;
};

static void bench_load_join_worker(struct bench_load_worker *worker, struct bench_load_result *load,
				   double seconds)
{
	pthread_join(worker->thread, NULL); /* cannot fail for a thread that was started */
	load->lives_a_second += (double)worker->lives / seconds;
	load->errors += worker->errors;
	if (worker->errors)
		fprintf(stderr, "%s: %zu errors, first: %s\n", worker->target->name, worker->errors,
			worker->first_error);
}

/* Reads the memory after a fifth of the time, when the daemon has started its threads and allocated
 * its buffers, and at the end. */
static void bench_load_run(const struct bench *bench, const struct bench_target *target,
			   struct bench_load_result *load)
{
	struct bench_load_worker workers[64] = {0};
	double start = bench_now_ms(), early;

	for (size_t i = 0; i < bench->clients; i++) {
		workers[i].target = target;
		workers[i].number = i;
		workers[i].end = start + bench->seconds * 1e3;
		if (pthread_create(&workers[i].thread, NULL, bench_load_run_worker, &workers[i]) !=
		    0)
			bench_die("a thread cannot be started");
	}
	usleep((useconds_t)(bench->seconds * 1e6 / 5)); /* a shorter pause will do */
	early = bench_resident_kb(target);
	for (size_t i = 0; i < bench->clients; i++)
		bench_load_join_worker(&workers[i], load, bench->seconds);
	load->growth_kb = bench_resident_kb(target) - early;
}

size_t bench_load(struct bench *bench)
{
	double lives[MAX_TARGETS], growth[MAX_TARGETS], errors[MAX_TARGETS];
	size_t sum = 0;
	char name[64];

	for (size_t i = 0; i < bench->n_targets; i++) {
		struct bench_load_result load = {0};

		bench_load_run(bench, &bench->targets[i], &load);
		lives[i] = load.lives_a_second;
		growth[i] = load.growth_kb;
		errors[i] = (double)load.errors;
		sum += load.errors;
	}
	snprintf(name, sizeof(name), "%zu clients for %.0f s", bench->clients, bench->seconds);
	bench_table_line(bench, name, "lives/s", lives, "");
	bench_table_line(bench, "  errors", "", errors, "0");
	bench_table_line(bench, "  growth of resident memory", "KB", growth, "flat");
	return sum;
}
