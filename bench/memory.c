/* SPDX-License-Identifier: Apache-2.0 */
/* Resident memory of a daemon: idle, and for each container. */
#include <config.h>

#include "bench/bench.h"
#include "bench/compare/results.h"

#include <stdio.h>
#include <string.h>

double bench_resident_kb(const struct bench_target *target)
{
	char path[64], line[256];
	double kb = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)target->pid);
	file = fopen(path, "re");
	if (!file)
		bench_die("%s: the daemon is gone", target->name);
	while (kb < 0 && fgets(line, sizeof(line), file))
		if (sscanf(line, "VmRSS: %lf kB", &kb) != 1)
			kb = -1;
	fclose(file);
	return kb;
}

/* Creates containers, reads how much memory they add, and destroys them. */
static double bench_memory_per_container_kb(const struct bench *bench,
					    const struct bench_target *target)
{
	double before = bench_resident_kb(target), after;
	char handle[32];

	for (size_t i = 0; i < bench->containers; i++) {
		snprintf(handle, sizeof(handle), "bench-%zu", i);
		if (bench_call_create(target->client, handle) < 0)
			bench_die("%s: %s", target->name, warden_client_error(target->client));
	}
	after = bench_resident_kb(target);
	for (size_t i = 0; i < bench->containers; i++) {
		snprintf(handle, sizeof(handle), "bench-%zu", i);
		if (bench_call_destroy(target->client, handle) < 0)
			bench_die("%s: %s", target->name, warden_client_error(target->client));
	}
	return (after - before) / (double)bench->containers;
}

void bench_memory_idle(struct bench *bench)
{
	double idle[MAX_TARGETS];

	for (size_t i = 0; i < bench->n_targets; i++)
		idle[i] = bench_resident_kb(&bench->targets[i]) / 1024;
	bench_table_line(bench, "resident memory, idle", "MB", idle, "8");
}

void bench_memory_containers(struct bench *bench)
{
	double added[MAX_TARGETS];

	for (size_t i = 0; i < bench->n_targets; i++) {
		const struct results_key key = {"memory", "memory", bench->targets[i].name,
						"KB",     0,        1};

		added[i] = bench_memory_per_container_kb(bench, &bench->targets[i]);
		results_add(&key, &added[i], 1);
	}
	bench_table_line(bench, "resident memory, a container", "KB", added, "20");
}
