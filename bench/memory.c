/* SPDX-License-Identifier: Apache-2.0 */
/* Resident memory of a daemon: idle, and what a container adds. */
#include <config.h>

#include "bench/bench.h"

#include <stdio.h>
#include <string.h>

double resident_kb(const struct target *target)
{
	char path[64], line[256];
	double kb = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)target->pid);
	file = fopen(path, "re");
	if (!file)
		die("%s: the daemon is gone", target->name);
	while (kb < 0 && fgets(line, sizeof(line), file))
		if (sscanf(line, "VmRSS: %lf kB", &kb) != 1)
			kb = -1;
	fclose(file);
	return kb;
}

/* Makes `containers` of them, reads the difference and destroys them. */
static double per_container_kb(const struct bench *bench, const struct target *target)
{
	double before = resident_kb(target), after;
	char handle[32];

	for (size_t i = 0; i < bench->containers; i++) {
		snprintf(handle, sizeof(handle), "bench-%zu", i);
		if (call_create(target->client, handle) < 0)
			die("%s: %s", target->name, warden_client_error(target->client));
	}
	after = resident_kb(target);
	for (size_t i = 0; i < bench->containers; i++) {
		snprintf(handle, sizeof(handle), "bench-%zu", i);
		if (call_destroy(target->client, handle) < 0)
			die("%s: %s", target->name, warden_client_error(target->client));
	}
	return (after - before) / (double)bench->containers;
}

void bench_memory_idle(struct bench *bench)
{
	double idle[MAX_TARGETS];

	for (size_t i = 0; i < bench->n_targets; i++)
		idle[i] = resident_kb(&bench->targets[i]) / 1024;
	table_line(bench, "resident memory, idle", "MB", idle, "8");
}

void bench_memory_containers(struct bench *bench)
{
	double added[MAX_TARGETS];

	for (size_t i = 0; i < bench->n_targets; i++)
		added[i] = per_container_kb(bench, &bench->targets[i]);
	table_line(bench, "resident memory, a container", "KB", added, "20");
}
