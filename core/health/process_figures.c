/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's own figures; see process_figures.h. A figure that cannot
 * be read is 0. */
#include <config.h>

#include "core/health/process_figures.h"

#include <inttypes.h>
#include <sys/resource.h>

#include "lib/cleanup.h"

static void process_figures_read_memory(struct process_figures *figures)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), size, resident;
	FILE *file = fopen("/proc/self/statm", "re");

	if (!file)
		return;
	if (fscanf(file, "%" SCNu64 " %" SCNu64, &size, &resident) == 2) {
		figures->virtual_bytes = size * page;
		figures->resident_bytes = resident * page;
	}
	fclose(file); /* opened for reading: nothing to lose */
}

static void process_figures_count_descriptors(struct process_figures *figures)
{
	_cleanup_closedir_ DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;
	struct rlimit limit;

	while (dir && (entry = readdir(dir)))
		figures->descriptors += entry->d_name[0] != '.';
	if (figures->descriptors > 0)
		figures->descriptors--; /* the directory's own descriptor */
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		figures->descriptors_max = limit.rlim_cur;
}

uint64_t process_figures_cpu_us(void)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage) < 0)
		return 0;
	return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
	       (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

void process_figures_read(struct process_figures *figures)
{
	*figures = (struct process_figures){0};
	process_figures_read_memory(figures);
	process_figures_count_descriptors(figures);
	figures->cpu_us = process_figures_cpu_us();
}
