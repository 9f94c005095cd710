/* SPDX-License-Identifier: Apache-2.0 */
/* Several clients at once: lives a second by daemons and programs, and jobs a second in one
 * container beside fork and exec by as many processes. */
#include <config.h>

#include "bench/compare/results.h"
#include "bench/compare/subjects.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static const size_t parallel_clients[] = {1, 2, 4, 16};

enum { PARALLEL_STEPS = sizeof(parallel_clients) / sizeof(parallel_clients[0]) };

/* Each measurement is made so often, in turn with those of the others. */
enum { PARALLEL_TURNS = 3 };

struct parallel_client {
	pthread_t thread;
	const struct subject *subject;
	size_t number;
	bool jobs; /* of one container, not lives */
	double end, n;
};

static void parallel_serve(struct parallel_client *one)
{
	struct warden_client *client = bench_call_connect(one->subject->target->socket);
	char handle[32];
	bool ok = true;

	snprintf(handle, sizeof(handle), "parallel-%zu", one->number);
	while (ok && bench_now_ms() < one->end) {
		ok = one->jobs ? bench_call_run_program(client, "jobs") >= 0
			       : bench_call_create(client, handle) >= 0 &&
					 bench_call_run_program(client, handle) >= 0 &&
					 bench_call_destroy(client, handle) >= 0;
		one->n++;
	}
	if (!ok)
		bench_die("%s: %s", one->subject->name, warden_client_error(client));
	warden_client_free(client);
}

static void *parallel_run_client(void *data)
{
	struct parallel_client *one = data;

	if (one->subject->target)
		parallel_serve(one);
	else
		one->n = rival_run_until(&one->subject->rivals[one->number], one->end);
	if (one->n < 0)
		bench_die("%s fails", one->subject->name);
	return NULL;
}

/* How often a second `clients` do it together, and the processor time of one. */
static double parallel_measure(struct subject *subject, size_t clients, bool jobs, double seconds,
			       double *cpu_ms)
{
	struct parallel_client all[SUBJECT_CLIENTS_MAX] = {0};
	double begin, sum = 0, took;

	subject_start_more(subject, clients);
	*cpu_ms = bench_cpu_ms(subject->name);
	begin = bench_now_ms();
	for (size_t i = 0; i < clients; i++) {
		all[i] = (struct parallel_client){.subject = subject,
						  .number = i,
						  .jobs = jobs,
						  .end = begin + seconds * 1e3};
		if (pthread_create(&all[i].thread, NULL, parallel_run_client, &all[i]) != 0)
			bench_die("a thread cannot be started");
	}
	for (size_t i = 0; i < clients; i++) {
		pthread_join(all[i].thread, NULL); /* cannot fail for one that was started */
		sum += all[i].n;
	}
	took = bench_now_ms() - begin;
	bench_cpu_settle(subject->name);
	*cpu_ms = (bench_cpu_ms(subject->name) - *cpu_ms) / sum;
	subject_end_more(subject, clients);
	return sum / took * 1e3;
}

static void parallel_report(const char *group, const char *what, const char *subject,
			    size_t clients, double rates[PARALLEL_TURNS],
			    double cpu[PARALLEL_TURNS])
{
	char name[64];
	struct results_key key = {group, what, subject, "a second", 0, clients};

	results_add(&key, rates, PARALLEL_TURNS);
	if (bench_cpu_ms(subject) < 0)
		return;
	snprintf(name, sizeof(name), "%s, cpu", what);
	key.what = name;
	key.unit = "ms";
	results_add(&key, cpu, PARALLEL_TURNS);
}

static void parallel_step(const struct bench *bench, struct subject *const *subjects, size_t n,
			  size_t clients, bool jobs)
{
	double rates[SUBJECTS_MAX][PARALLEL_TURNS], cpu[SUBJECTS_MAX][PARALLEL_TURNS];
	double seconds = bench->seconds / PARALLEL_TURNS;

	for (size_t turn = 0; turn < PARALLEL_TURNS; turn++)
		for (size_t i = 0; i < n; i++)
			rates[i][turn] = parallel_measure(subjects[i], clients, jobs, seconds,
							  &cpu[i][turn]);
	for (size_t i = 0; i < n; i++)
		parallel_report("parallel", jobs ? "jobs" : "lives", subjects[i]->name, clients,
				rates[i], cpu[i]);
}

static void parallel_lives(const struct bench *bench, struct subjects *subjects)
{
	struct subject *all[SUBJECTS_MAX];

	for (size_t i = 0; i < subjects->n; i++)
		all[i] = &subjects->all[i];
	for (size_t i = 0; i < PARALLEL_STEPS; i++)
		parallel_step(bench, all, subjects->n, parallel_clients[i], false);
}

/* The daemons' jobs, and the machine's fork and exec of the same program. */
static void parallel_jobs(const struct bench *bench, struct subjects *subjects, const char *program)
{
	const char *const argv[] = {program, NULL};
	struct subject machine = {.name = "programs", .kind = RIVAL_FORK, .argv = argv};
	struct subject *all[SUBJECTS_MAX];

	for (size_t i = 0; i < bench->n_targets; i++) {
		all[i] = &subjects->all[i];
		if (bench_call_create(bench->targets[i].client, "jobs") < 0)
			bench_die("%s: %s", bench->targets[i].name,
				  warden_client_error(bench->targets[i].client));
	}
	all[bench->n_targets] = &machine;
	rival_start(&machine.rivals[0], machine.name, machine.kind, argv);
	for (size_t i = 0; i < PARALLEL_STEPS; i++)
		parallel_step(bench, all, bench->n_targets + 1, parallel_clients[i], true);
	rival_end(&machine.rivals[0]);
	for (size_t i = 0; i < bench->n_targets; i++)
		bench_call_fields(bench->targets[i].client, "destroy",
				  (const char *const[]){"handle", "jobs", NULL});
}

void bench_parallel(const struct bench *bench, struct subjects *subjects, const char *program)
{
	parallel_lives(bench, subjects);
	parallel_jobs(bench, subjects, program);
}
