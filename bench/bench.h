/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that the files of the benchmark share. It measures daemons through libwarden and prints
 * a table with a column for each. */
#ifndef BENCH_H
#define BENCH_H

#include "warden/client.h"

#include <stdbool.h>
#include <sys/types.h>

enum { MAX_TARGETS = 4, STANDING_MAX = 4 };

#define BENCH_BWRAP "/usr/bin/bwrap"

struct subjects;

/* A daemon to measure. */
struct bench_target {
	const char *name;
	char *socket;
	pid_t pid;
	struct warden_client *client;
};

struct bench {
	struct bench_target targets[MAX_TARGETS];
	size_t n_targets;
	size_t rounds;                 /* repetitions of a measurement */
	size_t containers;             /* that exist at once for the measurement of memory */
	size_t clients;                /* at once, in the load test */
	double seconds;                /* of the load test, and of each step of the parallel one */
	size_t standing[STANDING_MAX]; /* how many containers stand beside the lives */
	size_t n_standing;
};

/* Prints an error and exits. */
void bench_die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* calls.c: each function sends one request and returns the milliseconds until the answer; -1 on
 * failure, which warden_client_error describes. */
double bench_call_ping(struct warden_client *client);
double bench_call_create(struct warden_client *client, const char *handle);
double bench_call_run(struct warden_client *client, const char *handle);
double bench_call_run_program(struct warden_client *client, const char *handle);
double bench_call_copy_in(struct warden_client *client, const char *handle, const char *source,
			  const char *target);
double bench_call_destroy(struct warden_client *client, const char *handle);
/* Any request; `fields` has names, each followed by its value, and ends with NULL. */
double bench_call_fields(struct warden_client *client, const char *name, const char *const *fields);
struct warden_client *bench_call_connect(const char *socket);

/* The monotonic clock in milliseconds. */
double bench_now_ms(void);

/* compare/cpu.c: where the control groups of the subjects are, or "". */
const char *bench_cpu_groups(void);
/* Moves this process into the group of the subject. */
bool bench_cpu_enter(const char *name);
/* Milliseconds that the subject has used so far; -1: not known. */
double bench_cpu_ms(const char *name);
/* Waits until the subject does nothing any more. */
void bench_cpu_settle(const char *name);

/* percentile.c: the value below which `percent` percent of the values are; sorts the values. */
double bench_percentile(double *values, size_t n, size_t percent);

/* bench_table.c: prints the table. A line has a value for each target, NAN if there is none, and
 * the aim. */
void bench_table_begin(const struct bench *bench);
void bench_table_line(const struct bench *bench, const char *name, const char *unit,
		      const double *values, const char *aim);

/* life.c: median times of create, run and destroy of one container. */
void bench_life(struct bench *bench);

/* bench_jobs.c: times of single jobs, and by how much they exceed a limit on cpu time. */
void bench_jobs(const struct bench *bench);

/* uncollected.c: a spawn's cpu time beside many jobs that were not collected. */
void bench_uncollected(const struct bench *bench);

/* memory.c: resident memory of a daemon before the first request, and with many containers. */
void bench_memory_idle(struct bench *bench);
void bench_memory_containers(struct bench *bench);
double bench_resident_kb(const struct bench_target *target);

/* copies.c: copy_in compared with rsync. It makes files in `directory`, which the caller removes.
 */
void bench_copies(const struct bench *bench, const char *directory);

/* removal.c: a run beside the removal of 40,000 files, `turns` times. */
void bench_removal(const struct bench *bench, int turns);

/* attacks.c: whole lives beside hostile containers and clients, each `turns` times. `program`: the
 * path of attack.c's program. */
void bench_attacks(const struct bench *bench, const char *program, size_t turns);

/* pipe.c: throughput from the standard input to the standard output of a job. */
void bench_pipe(const struct bench *bench);

/* shell.c: time of a key's echo. `program`: the path of the command `warden`. */
void bench_shell(const struct bench *bench, const char *program);

/* start.c: the start of the command `warden`, whose path is `program`, beside that of /bin/true. */
void bench_start(const struct bench *bench, char *program);

/* compare/lives.c: whole lives beside those of other programs, with containers that stand. */
void bench_lives(const struct bench *bench, struct subjects *subjects);

/* compare/units.c: each request beside the start of `program`. */
void bench_units(const struct bench *bench, const char *program);

/* compare/parallel.c: lives and jobs a second by 1 to 16 clients. */
void bench_parallel(const struct bench *bench, struct subjects *subjects, const char *program);

/* compare/output.c: a job's output beside sendfile. */
void bench_output(const struct bench *bench);

/* compare/commands.c: `warden exec` beside bwrap. */
void bench_commands(const struct bench *bench, const char *warden);

/* compare/share.c: memory of containers' processes. */
void bench_shares(const struct bench *bench);

/* compare/goals.c: the ratios of what was measured, beside the numbers to reach. */
void bench_goals(const struct bench *bench);

/* load.c: many clients at once. Returns the number of errors. */
size_t bench_load(struct bench *bench);

#endif
