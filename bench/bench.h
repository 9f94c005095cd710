/* SPDX-License-Identifier: Apache-2.0 */
/* Measures daemons through libwarden and prints a table with a column for each. */
#ifndef BENCH_H
#define BENCH_H

#include "warden/client.h"

#include <sys/types.h>

enum { MAX_TARGETS = 4 };

/* A daemon that is measured. */
struct target {
	const char *name;
	const char *socket;
	pid_t pid;
	struct warden_client *client;
};

struct bench {
	struct target targets[MAX_TARGETS];
	size_t n_targets;
	size_t rounds, containers, clients;
	double seconds;
};

/* What the driver cannot go on after; ends the process. */
void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* calls.c: one request each; -1 when it was not answered, else milliseconds. A failure is told by
 * warden_client_error. */
double call_ping(struct warden_client *client);
double call_create(struct warden_client *client, const char *handle);
double call_run(struct warden_client *client, const char *handle);
double call_copy_in(struct warden_client *client, const char *handle, const char *source,
		    const char *target);
double call_destroy(struct warden_client *client, const char *handle);
struct warden_client *call_connect(const char *socket);

double now_ms(void);

/* percentile.c: the value below which so many percent of them lie; sorts them. */
double percentile(double *values, size_t n, size_t percent);

/* bench_table.c: a line has a figure for each target, NAN where there is none, and what is aimed
 * at. */
void table_begin(const struct bench *bench);
void table_line(const struct bench *bench, const char *name, const char *unit, const double *values,
		const char *aim);

/* life.c: medians of the life of one container. */
void bench_life(struct bench *bench);

/* bench_jobs.c: what single jobs cost, and how late the limit on cpu time is. */
void bench_jobs(const struct bench *bench);

/* memory.c: before anything was asked of a daemon, and with many containers. */
void bench_memory_idle(struct bench *bench);
void bench_memory_containers(struct bench *bench);
double resident_kb(const struct target *target);

/* copies.c: beside rsync; files are made in `directory`, which the caller removes. */
void bench_copies(const struct bench *bench, const char *directory);

/* pipe.c: through the standard input and output of a job. */
void bench_pipe(const struct bench *bench);

/* shell.c: with the command `warden` at that path. */
void bench_shell(const struct bench *bench, const char *program);

/* load.c: many clients at once. The number of errors. */
size_t bench_load(struct bench *bench);

#endif
