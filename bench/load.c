/* SPDX-License-Identifier: Apache-2.0 */
/* Many clients that create and destroy containers at once for some time. */
#include <config.h>

#include "bench/bench.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

struct worker {
	pthread_t thread;
	const struct target *target;
	size_t number;
	double end;
	size_t lives, errors;
	char first_error[256];
};

static void note_error(struct worker *worker, const struct warden_client *client)
{
	if (worker->errors++ == 0)
		snprintf(worker->first_error, sizeof(worker->first_error), "%s",
			 warden_client_error(client)); /* the beginning will do */
}

static void *work(void *data)
{
	struct worker *worker = data;
	struct warden_client *client = call_connect(worker->target->socket);
	char handle[32];

	snprintf(handle, sizeof(handle), "load-%zu", worker->number);
	while (now_ms() < worker->end && worker->errors < 100) {
		if (call_create(client, handle) < 0 || call_destroy(client, handle) < 0)
			note_error(worker, client);
		else
			worker->lives++;
	}
	warden_client_free(client);
	return NULL;
}

/* What one target did. */
struct load {
	double lives_a_second, growth_kb;
	size_t errors;
};

static void collect(struct worker *worker, struct load *load, double seconds)
{
	pthread_join(worker->thread, NULL); /* cannot fail for a thread that was started */
	load->lives_a_second += (double)worker->lives / seconds;
	load->errors += worker->errors;
	if (worker->errors)
		fprintf(stderr, "%s: %zu errors, first: %s\n", worker->target->name, worker->errors,
			worker->first_error);
}

/* Memory is looked at after a fifth of the time, when the daemon has its threads and buffers, and
 * at the end. */
static void load_run(const struct bench *bench, const struct target *target, struct load *load)
{
	struct worker workers[64] = {0};
	double start = now_ms(), early;

	for (size_t i = 0; i < bench->clients; i++) {
		workers[i].target = target;
		workers[i].number = i;
		workers[i].end = start + bench->seconds * 1e3;
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
			die("a thread cannot be started");
	}
	usleep((useconds_t)(bench->seconds * 1e6 / 5)); /* a shorter pause is as good */
	early = resident_kb(target);
	for (size_t i = 0; i < bench->clients; i++)
		collect(&workers[i], load, bench->seconds);
	load->growth_kb = resident_kb(target) - early;
}

size_t bench_load(struct bench *bench)
{
	double lives[MAX_TARGETS], growth[MAX_TARGETS], errors[MAX_TARGETS];
	size_t sum = 0;
	char name[64];

	for (size_t i = 0; i < bench->n_targets; i++) {
		struct load load = {0};

		load_run(bench, &bench->targets[i], &load);
		lives[i] = load.lives_a_second;
		growth[i] = load.growth_kb;
		errors[i] = (double)load.errors;
		sum += load.errors;
	}
	snprintf(name, sizeof(name), "%zu clients for %.0f s", bench->clients, bench->seconds);
	table_line(bench, name, "lives/s", lives, "");
	table_line(bench, "  errors", "", errors, "0");
	table_line(bench, "  growth of resident memory", "KB", growth, "flat");
	return sum;
}
