/* SPDX-License-Identifier: Apache-2.0 */
/* Who takes part in an interleaved run: the daemons, and the programs that this machine can run. */
#ifndef BENCH_COMPARE_SUBJECTS_H
#define BENCH_COMPARE_SUBJECTS_H

#include "bench/bench.h"
#include "bench/compare/rival.h"

enum { SUBJECTS_MAX = MAX_TARGETS + 4, SUBJECT_CLIENTS_MAX = 16 };

struct subject {
	const char *name;
	const struct bench_target *target; /* a daemon; NULL: a program */
	const char *const *argv;
	enum rival_kind kind;
	struct rival rivals[SUBJECT_CLIENTS_MAX]; /* of a program; the first always runs */
};

struct subjects {
	struct subject all[SUBJECTS_MAX];
	size_t n;
};

/* Times of one life in milliseconds; a program has the sum alone. */
struct subject_life {
	double create, run, destroy, sum;
};

/* Starts the programs. Those that fail are named and left out. */
void subjects_start(struct subjects *subjects, const struct bench *bench);
void subjects_end(struct subjects *subjects);

/* Starts or ends so many rivals of a program, the first aside. */
void subject_start_more(struct subject *subject, size_t n);
void subject_end_more(struct subject *subject, size_t n);

/* One life; a failure ends the program. */
struct subject_life subject_live(const struct subject *subject);

#endif
