/* SPDX-License-Identifier: Apache-2.0 */
/* The proportional share of memory (PSS) of the processes of containers: of those that stand, and
 * of those that a daemon has prepared. They are found by the containers' control groups. */
#include <config.h>

#include "bench/compare/results.h"

#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/bench.h"

enum { SHARE_CONTAINERS = 8, SHARE_DEPTH = 8 };

/* Of the walk; nftw(3) takes no data. */
static double share_kb;
static size_t share_containers;

static double share_of_process(int pid)
{
	char path[64], line[256];
	double kb = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	file = fopen(path, "re");
	while (file && kb == 0 && fgets(line, sizeof(line), file))
		if (sscanf(line, "Pss: %lf kB", &kb) != 1)
			kb = 0;
	if (file)
		fclose(file);
	return kb;
}

static int share_visit(const char *path, const struct stat *status, int kind, struct FTW *at)
{
	FILE *procs;
	int pid;

	(void)status;
	if (kind == FTW_D && strncmp(path + at->base, "instance-", 9) == 0)
		share_containers++;
	if (kind != FTW_F || strcmp(path + at->base, "cgroup.procs") != 0 ||
	    !strstr(path, "/instance-"))
		return 0;
	procs = fopen(path, "re");
	while (procs && fscanf(procs, "%d", &pid) == 1)
		share_kb += share_of_process(pid);
	if (procs)
		fclose(procs);
	return 0;
}

/* KB of a container of the daemon; `*n` is how many there are. */
static double share_measure(const struct bench_target *target, size_t *n)
{
	char path[512];

	share_kb = 0;
	share_containers = 0;
	snprintf(path, sizeof(path), "%s/%s", bench_cpu_groups(), target->name);
	if (nftw(path, share_visit, SHARE_DEPTH, FTW_PHYS) < 0)
		share_containers = 0;
	*n = share_containers;
	return share_containers > 0 ? share_kb / (double)share_containers : 0;
}

static void share_report(const struct bench_target *target, const char *what)
{
	const struct results_key key = {"memory", what, target->name, "KB", 0, 1};
	size_t n;
	double kb = share_measure(target, &n);

	if (n > 0)
		results_add(&key, &kb, 1);
}

void bench_shares(const struct bench *bench)
{
	char handle[32];

	for (size_t t = 0; t < bench->n_targets; t++) {
		const struct bench_target *target = &bench->targets[t];

		bench_cpu_settle(target->name);
		share_report(target, "PSS of a spare");
		for (int i = 0; i < SHARE_CONTAINERS; i++) {
			snprintf(handle, sizeof(handle), "share-%d", i);
			if (bench_call_create(target->client, handle) < 0)
				bench_die("%s: %s", target->name,
					  warden_client_error(target->client));
		}
		bench_cpu_settle(target->name);
		share_report(target, "PSS of a container");
		for (int i = 0; i < SHARE_CONTAINERS; i++) {
			snprintf(handle, sizeof(handle), "share-%d", i);
			if (bench_call_destroy(target->client, handle) < 0)
				bench_die("%s: %s", target->name,
					  warden_client_error(target->client));
		}
	}
}
