/* SPDX-License-Identifier: Apache-2.0 */
/* Each request through the socket, beside fork, or vfork, and exec of the smallest static program,
 * in turn: what a process costs on this machine is the unit of the goals. */
#include <config.h>

#include "bench/compare/results.h"
#include "bench/compare/subjects.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A request and its fields, each followed by its value. */
struct unit_request {
	const char *what, *name, *fields[8];
	bool isolated; /* needs a root file system of the container's */
};

/* In the order of a round. */
static const struct unit_request unit_requests[] = {
	{"ping", "ping", {NULL}},
	{"create from rest", "create", {"handle", "unit"}},
	{"list", "list", {NULL}},
	{"info", "info", {"handle", "unit"}},
	{"run of a program", "run", {"handle", "unit", "argv", "true"}},
	{"run of a script", "run", {"handle", "unit", "script", "true"}},
	{"run, own cgroup", "run", {"handle", "unit", "argv", "true", "own_cgroup", "true"}},
	{"spawn", "spawn", {"handle", "unit", "argv", "true"}},
	{"limit_memory", "limit_memory", {"handle", "unit", "limit_in_bytes", "1000000000"}},
	{"net_in", "net_in", {"handle", "unit", "container_port", "80"}},
	{"file_write", "file_write", {"handle", "unit", "path", "/tmp/unit", "data", "text"}, true},
	{"file_read", "file_read", {"handle", "unit", "path", "/tmp/unit"}, true},
	{"stop", "stop", {"handle", "unit"}},
	{"destroy after a stop", "destroy", {"handle", "unit"}},
	{"create, once more", "create", {"handle", "unit"}},
	{"destroy of an idle one", "destroy", {"handle", "unit"}},
};

static const struct unit_program {
	const char *name;
	enum rival_kind kind;
} unit_programs[] = {{"fork+exec", RIVAL_FORK}, {"vfork+exec", RIVAL_VFORK}};

enum {
	UNIT_REQUESTS = sizeof(unit_requests) / sizeof(unit_requests[0]),
	UNIT_PROGRAMS = sizeof(unit_programs) / sizeof(unit_programs[0]),
	UNIT_OF_A_ROUND = 5, /* programs run as often beside each daemon's requests */
};

static bool unit_is_left_out(const struct bench_target *target, size_t i)
{
	return unit_requests[i].isolated && strcmp(target->name, "fake") == 0;
}

/* One round of a daemon. `rows[i][round]` is the time of the request i. */
static void unit_round(const struct bench_target *target, double *rows, size_t rounds, size_t round)
{
	for (size_t i = 0; i < UNIT_REQUESTS; i++) {
		const struct unit_request *unit = &unit_requests[i];
		double time = 0;

		if (!unit_is_left_out(target, i))
			time = bench_call_fields(target->client, unit->name, unit->fields);
		if (time < 0)
			bench_die("%s: %s: %s", target->name, unit->what,
				  warden_client_error(target->client));
		rows[i * rounds + round] = time;
	}
	bench_cpu_settle(target->name);
}

static void unit_report(const struct bench_target *target, double *rows, size_t rounds)
{
	for (size_t i = 0; i < UNIT_REQUESTS; i++) {
		const struct results_key key = {
			"requests", unit_requests[i].what, target->name, "ms", 0, 1};

		if (!unit_is_left_out(target, i))
			results_add(&key, rows + i * rounds, rounds);
	}
}

static void unit_measure(const struct bench *bench, const struct rival *programs, double *rows,
			 double *times, size_t rounds)
{
	const size_t n = rounds * UNIT_OF_A_ROUND;

	for (size_t round = 0; round < rounds; round++) {
		for (size_t t = 0; t < bench->n_targets; t++)
			unit_round(&bench->targets[t], rows + t * UNIT_REQUESTS * rounds, rounds,
				   round);
		for (size_t i = 0; i < UNIT_OF_A_ROUND * UNIT_PROGRAMS; i++)
			times[i % UNIT_PROGRAMS * n + round * UNIT_OF_A_ROUND + i / UNIT_PROGRAMS] =
				rival_run(&programs[i % UNIT_PROGRAMS]);
	}
	for (size_t t = 0; t < bench->n_targets; t++)
		unit_report(&bench->targets[t], rows + t * UNIT_REQUESTS * rounds, rounds);
	for (size_t i = 0; i < UNIT_PROGRAMS; i++) {
		const struct results_key key = {
			"requests", "static true", unit_programs[i].name, "ms", 0, 1};

		if (results_add(&key, times + i * n, n) < 0)
			bench_die("the static program fails");
	}
}

void bench_units(const struct bench *bench, const char *program)
{
	const char *const argv[] = {program, NULL};
	struct rival programs[UNIT_PROGRAMS];
	size_t rounds = bench->rounds;
	double *rows = calloc(bench->n_targets * UNIT_REQUESTS * rounds, sizeof(*rows));
	double *times = calloc(UNIT_PROGRAMS * UNIT_OF_A_ROUND * rounds, sizeof(*times));

	if (!rows || !times)
		bench_die("out of memory");
	for (size_t i = 0; i < UNIT_PROGRAMS; i++)
		rival_start(&programs[i], "programs", unit_programs[i].kind, argv);
	unit_measure(bench, programs, rows, times, rounds);
	for (size_t i = 0; i < UNIT_PROGRAMS; i++)
		rival_end(&programs[i]);
	free(rows);
	free(times);
}
