/* SPDX-License-Identifier: Apache-2.0 */
/* The benchmark's main: `bench NAME=SOCKET:PID...`. Environment variables (BENCH_...) set the
 * amount of work. bench/run starts daemons and runs it on them. */
#include <config.h>

#include "bench/bench.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bench_die(const char *format, ...)
{
	va_list args;

	fflush(stdout); /* an error does not matter any more */
	fprintf(stderr, "bench: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	exit(1);
}

static double bench_read_environment(const char *name, double value, double max)
{
	const char *text = getenv(name);
	char *end;

	if (!text || !*text)
		return value;
	value = strtod(text, &end);
	if (*end != '\0' || !(value >= 1 && value <= max))
		bench_die("%s is '%s', and must be a number from 1 to %.0f", name, text, max);
	return value;
}

static void bench_parse_target(struct bench_target *target, char *text)
{
	char *socket = strchr(text, '=');
	char *pid = strrchr(text, ':');

	if (!socket || !pid || pid < socket || atoi(pid + 1) <= 0)
		bench_die("'%s' is not NAME=SOCKET:PID", text);
	*socket = '\0';
	*pid = '\0';
	target->name = text;
	target->socket = socket + 1;
	target->pid = atoi(pid + 1);
	target->client = bench_call_connect(target->socket);
}

/* Measures all but the removal of files, which takes a minute. Returns the number of errors. */
static size_t bench_measure(struct bench *bench)
{
	bench_memory_idle(bench);
	bench_life(bench);
	bench_pipe(bench);
	bench_jobs(bench);
	bench_uncollected(bench);
	if (getenv("BENCH_WARDEN")) {
		bench_shell(bench, getenv("BENCH_WARDEN"));
		bench_start(bench, getenv("BENCH_WARDEN"));
	}
	bench_memory_containers(bench);
	if (getenv("BENCH_COPIES"))
		bench_copies(bench, getenv("BENCH_COPIES"));
	return bench_load(bench);
}

int main(int argc, char **argv)
{
	struct bench bench = {0};
	size_t errors = 0;

	bench.rounds = (size_t)bench_read_environment("BENCH_ROUNDS", 100, 100000);
	bench.containers = (size_t)bench_read_environment("BENCH_CONTAINERS", 300, 4000);
	bench.clients = (size_t)bench_read_environment("BENCH_CLIENTS", 8, 64);
	bench.seconds = bench_read_environment("BENCH_SECONDS", 5, 3600);
	if (argc < 2 || argc > MAX_TARGETS + 1)
		bench_die("takes 1 to %d NAME=SOCKET:PID", MAX_TARGETS);
	for (int i = 1; i < argc; i++)
		bench_parse_target(&bench.targets[bench.n_targets++], argv[i]);
	bench_table_begin(&bench);
	if (getenv("BENCH_REMOVAL"))
		bench_removal(&bench, (int)bench_read_environment("BENCH_REMOVAL", 10, 1000));
	else if (getenv("BENCH_ATTACK_PROGRAM"))
		bench_attacks(&bench, getenv("BENCH_ATTACK_PROGRAM"),
			      (size_t)bench_read_environment("BENCH_ATTACKS", 5, 1000));
	else
		errors = bench_measure(&bench);
	for (size_t i = 0; i < bench.n_targets; i++)
		warden_client_free(bench.targets[i].client);
	return errors == 0 && fflush(stdout) == 0 ? 0 : 1;
}
