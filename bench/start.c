/* SPDX-License-Identifier: Apache-2.0 */
/* Wall and processor time of the command `warden` as a process, beside a program that does nothing:
 * the ratio says what its start costs on any machine. */
#include <config.h>

#include "bench/bench.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { START_COMMANDS = 3 };

/* The medians of one command's processes, from spawn to end. */
struct start_medians {
	double wall_ms, cpu_ms;
};

/* Runs a process without output; it must exit with 0. */
static void bench_start_once(char *const argv[], double *wall_ms, double *cpu_ms)
{
	char *const environment[] = {NULL};
	posix_spawn_file_actions_t actions;
	struct rusage usage;
	double start = bench_now_ms();
	int status;
	pid_t pid;

	if (posix_spawn_file_actions_init(&actions) != 0 ||
	    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0) != 0 ||
	    posix_spawn(&pid, argv[0], &actions, NULL, argv, environment) != 0)
		bench_die("%s cannot be started", argv[0]);
	if (wait4(pid, &status, 0, &usage) != pid || status != 0)
		bench_die("%s fails", argv[0]);
	*wall_ms = bench_now_ms() - start;
	*cpu_ms = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
		  (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
	posix_spawn_file_actions_destroy(&actions);
}

/* Runs the commands in turn, so that what else the machine does slows all of them. */
static void bench_start_measure(char *const *const commands[START_COMMANDS], size_t rounds,
				struct start_medians medians[START_COMMANDS])
{
	double *times = calloc(rounds, sizeof(*times) * 2 * START_COMMANDS);

	if (!times)
		bench_die("out of memory");
	for (size_t i = 0; i < rounds; i++)
		for (size_t c = 0; c < START_COMMANDS; c++)
			bench_start_once(commands[c], &times[2 * c * rounds + i],
					 &times[(2 * c + 1) * rounds + i]);
	for (size_t c = 0; c < START_COMMANDS; c++) {
		medians[c].wall_ms = bench_percentile(&times[2 * c * rounds], rounds, 50);
		medians[c].cpu_ms = bench_percentile(&times[(2 * c + 1) * rounds], rounds, 50);
	}
	free(times);
}

void bench_start(const struct bench *bench, char *program)
{
	char nothing[] = "/bin/true", version_option[] = "--version", socket_option[] = "--socket";
	char ping_command[] = "ping";
	double version_wall[MAX_TARGETS], version_cpu[MAX_TARGETS];
	double ping_wall[MAX_TARGETS], ping_cpu[MAX_TARGETS];

	for (size_t t = 0; t < bench->n_targets; t++) {
		char *idle[] = {nothing, NULL}, *version[] = {program, version_option, NULL};
		char *ping[] = {program, socket_option, bench->targets[t].socket, ping_command,
				NULL};
		char *const *const commands[START_COMMANDS] = {idle, version, ping};
		struct start_medians medians[START_COMMANDS];

		bench_start_measure(commands, bench->rounds, medians);
		version_wall[t] = medians[1].wall_ms / medians[0].wall_ms;
		version_cpu[t] = medians[1].cpu_ms / medians[0].cpu_ms;
		ping_wall[t] = medians[2].wall_ms / medians[0].wall_ms;
		ping_cpu[t] = medians[2].cpu_ms / medians[0].cpu_ms;
	}
	bench_table_line(bench, "warden --version, wall", "x true", version_wall, "2");
	bench_table_line(bench, "warden --version, cpu", "x true", version_cpu, "2");
	bench_table_line(bench, "warden ping, wall", "x true", ping_wall, "2");
	bench_table_line(bench, "warden ping, cpu", "x true", ping_cpu, "2");
}
