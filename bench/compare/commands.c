/* SPDX-License-Identifier: Apache-2.0 */
/* `warden exec -- true` as a command beside bwrap as a command, in turn. */
#include <config.h>

#include "bench/compare/results.h"
#include "bench/compare/subjects.h"

#include <stdlib.h>
#include <unistd.h>

enum { COMMAND_ARGUMENTS = 8, COMMANDS_MAX = MAX_TARGETS + 1 };

struct command {
	const char *subject;
	const char *argv[COMMAND_ARGUMENTS];
	struct rival rival;
	double *times;
};

static size_t command_start(struct command commands[COMMANDS_MAX], const struct bench *bench,
			    const char *warden)
{
	const char *rootfs = getenv("BENCH_ROOTFS");
	size_t n = bench->n_targets;

	for (size_t t = 0; t < n; t++)
		commands[t] = (struct command){
			.subject = bench->targets[t].name,
			.argv = {warden, "--socket", bench->targets[t].socket, "exec", "--",
				 "true"},
		};
	if (rootfs && geteuid() == 0 && access(BENCH_BWRAP, X_OK) == 0)
		commands[n++] = (struct command){
			.subject = "bwrap",
			.argv = {BENCH_BWRAP, "--unshare-all", "--ro-bind", rootfs, "/", "true"},
		};
	for (size_t i = 0; i < n; i++) {
		rival_start(&commands[i].rival, "programs", RIVAL_VFORK, commands[i].argv);
		commands[i].times = calloc(bench->rounds, sizeof(*commands[i].times));
		if (!commands[i].times)
			bench_die("out of memory");
	}
	return n;
}

void bench_commands(const struct bench *bench, const char *warden)
{
	struct command commands[COMMANDS_MAX];
	size_t n = command_start(commands, bench, warden);

	for (size_t round = 0; round < bench->rounds; round++)
		for (size_t i = 0; i < n; i++) {
			commands[i].times[round] = rival_run(&commands[i].rival);
			if (commands[i].times[round] < 0)
				bench_die("%s fails", commands[i].argv[0]);
			if (i < bench->n_targets)
				bench_cpu_settle(commands[i].subject);
		}
	for (size_t i = 0; i < n; i++) {
		const struct results_key key = {"command", "command", commands[i].subject,
						"ms",      0,         1};

		results_add(&key, commands[i].times, bench->rounds);
		rival_end(&commands[i].rival);
		free(commands[i].times);
	}
}
