/* SPDX-License-Identifier: Apache-2.0 */
/* Whole lives of containers (create, `true`, destroy) by daemons and by other programs, turn by
 * turn, so that what else the machine does slows all of them; with none and with many containers
 * that exist meanwhile. Between two turns nothing is left to do for the one before. */
#include <config.h>

#include "bench/compare/results.h"
#include "bench/compare/subjects.h"

#include <stdio.h>
#include <stdlib.h>

enum { LIVES_OF_A_TURN = 5, LIVES_PARTS = 5 /* the members of subject_life, and cpu */ };

/* The values of all subjects: for each the parts in turn. */
struct lives_values {
	double *values;
	size_t n; /* of each part of a subject, at most */
	size_t turns;
};

static double *lives_part(const struct lives_values *all, size_t subject, size_t part)
{
	return all->values + (subject * LIVES_PARTS + part) * all->n;
}

static void lives_turn(const struct lives_values *all, const struct subject *subject, size_t index,
		       size_t turn)
{
	double cpu = bench_cpu_ms(subject->name);

	for (size_t i = 0; i < LIVES_OF_A_TURN; i++) {
		const struct subject_life life = subject_live(subject);
		const double parts[] = {life.create, life.run, life.destroy, life.sum};

		for (size_t part = 0; part < sizeof(parts) / sizeof(parts[0]); part++)
			lives_part(all, index, part)[turn * LIVES_OF_A_TURN + i] = parts[part];
	}
	bench_cpu_settle(subject->name);
	lives_part(all, index, LIVES_PARTS - 1)[turn] =
		(bench_cpu_ms(subject->name) - cpu) / LIVES_OF_A_TURN;
}

static void lives_report(const struct lives_values *all, const struct subject *subject,
			 size_t index, size_t standing)
{
	static const char *const names[LIVES_PARTS] = {"create", "run", "destroy", "life",
						       "life, cpu"};

	for (size_t part = 0; part < LIVES_PARTS; part++) {
		struct results_key key = {"lives", names[part], subject->name, "ms", standing, 1};
		bool sum = part + 1 == LIVES_PARTS;

		if (!subject->target && part < 3)
			continue; /* a program has the whole alone */
		if (sum && bench_cpu_ms(subject->name) < 0)
			continue;
		results_add(&key, lives_part(all, index, part), sum ? all->turns : all->n);
	}
}

static void lives_measure(const struct subjects *subjects, size_t rounds, size_t standing,
			  bool report)
{
	struct lives_values all;

	all.turns = (rounds + LIVES_OF_A_TURN - 1) / LIVES_OF_A_TURN;
	all.n = all.turns * LIVES_OF_A_TURN;
	all.values = calloc(subjects->n * LIVES_PARTS * all.n, sizeof(*all.values));
	if (!all.values)
		bench_die("out of memory");
	for (size_t turn = 0; turn < all.turns; turn++)
		for (size_t i = 0; i < subjects->n; i++) {
			/* Another one begins each turn. */
			size_t index = (i + turn) % subjects->n;

			lives_turn(&all, &subjects->all[index], index, turn);
		}
	for (size_t i = 0; report && i < subjects->n; i++)
		lives_report(&all, &subjects->all[i], i, standing);
	free(all.values);
}

/* Creates the containers from `first` to before `end`, or destroys them. */
static void lives_stand(const struct bench *bench, size_t first, size_t end, bool create)
{
	char handle[32];

	for (size_t t = 0; t < bench->n_targets; t++) {
		struct warden_client *client = bench->targets[t].client;

		for (size_t i = first; i < end; i++) {
			snprintf(handle, sizeof(handle), "standing-%zu", i);
			if ((create ? bench_call_create(client, handle)
				    : bench_call_destroy(client, handle)) < 0)
				bench_die("%s: %s", bench->targets[t].name,
					  warden_client_error(client));
		}
	}
}

void bench_lives(const struct bench *bench, struct subjects *subjects)
{
	size_t exist = 0;

	lives_measure(subjects, 1, 0, false); /* warm up */
	lives_measure(subjects, bench->rounds, 0, true);
	for (size_t i = 0; i < bench->n_standing; i++) {
		size_t wanted = bench->standing[i];

		if (wanted <= exist)
			continue;
		lives_stand(bench, exist, wanted, true);
		exist = wanted;
		lives_measure(subjects, bench->rounds, exist, true);
	}
	lives_stand(bench, 0, exist, false);
}
