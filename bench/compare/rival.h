/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemons are compared with: programs that are run again and again by a small process of
 * its own, which is in a control group of its own, so that the time of all that it starts counts.
 */
#ifndef BENCH_COMPARE_RIVAL_H
#define BENCH_COMPARE_RIVAL_H

#include <stdbool.h>
#include <sys/types.h>

#define RIVAL_ID "ID"

enum rival_kind {
	RIVAL_FORK,    /* fork and exec of the program */
	RIVAL_VFORK,   /* vfork and exec */
	RIVAL_SERVICE, /* the program runs all the time and takes a line for each turn; see floor.c
			*/
};

struct rival {
	const char *name;
	enum rival_kind kind;
	pid_t pid;
	int fd; /* a socket to the process */
};

/* Starts it in the group `name`. RIVAL_ID among the arguments stands for a name of its own. `argv`
 * stays the caller's. */
void rival_start(struct rival *rival, const char *name, enum rival_kind kind,
		 const char *const *argv);

/* Runs the program once. Returns the milliseconds, or -1 if it failed. */
double rival_run(const struct rival *rival);

/* Runs it until the time `end` of bench_now_ms. Returns how often, or -1. */
double rival_run_until(const struct rival *rival, double end);

/* Ends the process. */
void rival_end(struct rival *rival);

#endif
