/* SPDX-License-Identifier: Apache-2.0 */
/* The driver: `bench NAME=SOCKET:PID...`; how much it does is in the environment. bench/run starts
 * it with daemons of its own. */
#include <config.h>

#include "bench/bench.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void die(const char *format, ...)
{
	va_list args;

	fflush(stdout); /* an error of it does not matter any more */
	fprintf(stderr, "bench: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	exit(1);
}

static double number_of_environment(const char *name, double value, double max)
{
	const char *text = getenv(name);
	char *end;

	if (!text || !*text)
		return value;
	value = strtod(text, &end);
	if (*end != '\0' || !(value >= 1 && value <= max))
		die("%s is '%s', and must be a number from 1 to %.0f", name, text, max);
	return value;
}

static void target_parse(struct target *target, char *text)
{
	char *socket = strchr(text, '=');
	char *pid = strrchr(text, ':');

	if (!socket || !pid || pid < socket || atoi(pid + 1) <= 0)
		die("'%s' is no NAME=SOCKET:PID", text);
	*socket = '\0';
	*pid = '\0';
	target->name = text;
	target->socket = socket + 1;
	target->pid = atoi(pid + 1);
	target->client = call_connect(target->socket);
}

int main(int argc, char **argv)
{
	struct bench bench = {0};
	size_t errors;

	bench.rounds = (size_t)number_of_environment("BENCH_ROUNDS", 100, 100000);
	bench.containers = (size_t)number_of_environment("BENCH_CONTAINERS", 300, 4000);
	bench.clients = (size_t)number_of_environment("BENCH_CLIENTS", 8, 64);
	bench.seconds = number_of_environment("BENCH_SECONDS", 5, 3600);
	if (argc < 2 || argc > MAX_TARGETS + 1)
		die("takes 1 to %d NAME=SOCKET:PID", MAX_TARGETS);
	for (int i = 1; i < argc; i++)
		target_parse(&bench.targets[bench.n_targets++], argv[i]);
	table_begin(&bench);
	bench_memory_idle(&bench);
	bench_life(&bench);
	bench_pipe(&bench);
	bench_jobs(&bench);
	if (getenv("BENCH_WARDEN"))
		bench_shell(&bench, getenv("BENCH_WARDEN"));
	bench_memory_containers(&bench);
	if (getenv("BENCH_COPIES"))
		bench_copies(&bench, getenv("BENCH_COPIES"));
	errors = bench_load(&bench);
	for (size_t i = 0; i < bench.n_targets; i++)
		warden_client_free(bench.targets[i].client);
	return errors == 0 && fflush(stdout) == 0 ? 0 : 1;
}
