/* SPDX-License-Identifier: Apache-2.0 */
/* The processor time of a subject: a daemon with all that it starts, containers included, or a
 * program. Each is in a control group of its own, BENCH_GROUP/NAME, that bench/run has made. */
#include <config.h>

#include "bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	QUIET_US = 100,       /* of processor time, in one pause: nothing is done any more */
	QUIET_PAUSE = 20000,  /* microseconds */
	QUIET_PAUSES = 8,     /* in a row; a daemon removes links after 50 ms */
	QUIET_PATIENCE = 500, /* pauses */
};

static FILE *bench_cpu_open(const char *name, const char *file, const char *mode)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s/%s", bench_cpu_groups(), name, file);
	return fopen(path, mode);
}

const char *bench_cpu_groups(void)
{
	const char *groups = getenv("BENCH_GROUP");

	return groups ? groups : "";
}

bool bench_cpu_enter(const char *name)
{
	FILE *file;
	bool ok;

	if (!*bench_cpu_groups())
		return true; /* times of processors are not measured */
	file = bench_cpu_open(name, "cgroup.procs", "we");
	ok = file && fputs("0", file) >= 0;
	return file && fclose(file) == 0 && ok;
}

double bench_cpu_ms(const char *name)
{
	FILE *file = bench_cpu_open(name, "cpuacct.usage", "re");
	double used = -1, unit = 1e6;

	if (!file) {
		file = bench_cpu_open(name, "cpu.stat", "re");
		unit = 1e3;
	}
	if (!file)
		return -1;
	if (fscanf(file, unit > 1e3 ? "%lf" : "usage_usec %lf", &used) != 1)
		used = -1;
	fclose(file);
	return used < 0 ? -1 : used / unit;
}

void bench_cpu_settle(const char *name)
{
	double before = bench_cpu_ms(name);

	for (int i = 0, quiet = 0; i < QUIET_PATIENCE && quiet < QUIET_PAUSES; i++) {
		double now;

		usleep(QUIET_PAUSE); /* a shorter pause will do */
		now = bench_cpu_ms(name);
		quiet = now - before > QUIET_US / 1e3 ? 0 : quiet + 1;
		before = now;
	}
}
