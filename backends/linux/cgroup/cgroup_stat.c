/* SPDX-License-Identifier: Apache-2.0 */
/* Reads figures of a container from the files of its control groups. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/linux/cgroup/cgroup_private.h"
#include "lib/cleanup.h"

/* The protocol's MemoryStat; the names are those of v1's memory.stat. */
static const char *const names[WARDEN_MEMORY_STATS] = {
	"cache",
	"rss",
	"mapped_file",
	"pgpgin",
	"pgpgout",
	"swap",
	"pgfault",
	"pgmajfault",
	"inactive_anon",
	"active_anon",
	"inactive_file",
	"active_file",
	"unevictable",
	"hierarchical_memory_limit",
	"hierarchical_memsw_limit",
	"total_cache",
	"total_rss",
	"total_mapped_file",
	"total_pgpgin",
	"total_pgpgout",
	"total_swap",
	"total_pgfault",
	"total_pgmajfault",
	"total_inactive_anon",
	"total_active_anon",
	"total_inactive_file",
	"total_active_file",
	"total_unevictable",
};

enum {
	STAT_SWAP = 5,
	STAT_MEMORY_LIMIT = 13,
	STAT_MEMSW_LIMIT = 14,
	STAT_TOTAL = 15, /* the figures before the limits again, as totals */
};

/* v2 counts a group with all below it, so one figure fills both of v1's. */
static const struct {
	const char *name;
	int index;
} names_v2[] = {
	{"file", 0},         {"anon", 1},          {"file_mapped", 2}, {"pgfault", 6},
	{"pgmajfault", 7},   {"inactive_anon", 8}, {"active_anon", 9}, {"inactive_file", 10},
	{"active_file", 11}, {"unevictable", 12},
};

#define STAT_FILE_MAX 8192

/* Reads the next line "NAME NUMBER" of `*text`; NULL at the end. */
static const char *cgroup_stat_next_figure(char **text, uint64_t *value)
{
	char *name = strsep(text, "\n"), *number = name ? strchr(name, ' ') : NULL;

	if (!number)
		return NULL;
	*number++ = '\0';
	*value = strtoull(number, NULL, 10);
	return name;
}

/* The container's own limits: memory.stat has the lowest of all groups above, so the bounds. */
static void cgroup_stat_read_limits_v1(const struct cgroup *cgroup, struct warden_info *info)
{
	info->memory[STAT_MEMORY_LIMIT] =
		cgroup_read_number(cgroup, CGROUP_MEMORY, "memory.limit_in_bytes", 0);
	info->memory[STAT_MEMSW_LIMIT] =
		cgroup_read_number(cgroup, CGROUP_MEMORY, "memory.memsw.limit_in_bytes", 0);
}

static void cgroup_stat_read_memory_v1(const struct cgroup *cgroup, struct warden_info *info)
{
	char buffer[STAT_FILE_MAX], *text = buffer;
	const char *name;
	uint64_t value;

	if (cgroup_read(cgroup, CGROUP_MEMORY, "memory.stat", buffer, sizeof(buffer)) < 0)
		return;
	while ((name = cgroup_stat_next_figure(&text, &value)))
		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			if (strcmp(name, names[i]) == 0)
				info->memory[i] = value;
	cgroup_stat_read_limits_v1(cgroup, info);
}

static void cgroup_stat_set_both(struct warden_info *info, int index, uint64_t value)
{
	info->memory[index] = value;
	info->memory[index + STAT_TOTAL] = value;
}

/* v2 limits memory and swap separately, v1 memory and the sum. */
static void cgroup_stat_read_limits_v2(const struct cgroup *cgroup, struct warden_info *info)
{
	uint64_t memory =
		cgroup_read_number(cgroup, CGROUP_MEMORY, "memory.max", CGROUP_NO_MEMORY_LIMIT);
	uint64_t swap = cgroup_read_number(cgroup, CGROUP_MEMORY, "memory.swap.max",
					   CGROUP_NO_MEMORY_LIMIT);
	uint64_t used = cgroup_read_number(cgroup, CGROUP_MEMORY, "memory.swap.current",
					   CGROUP_NO_MEMORY_LIMIT);

	info->memory[STAT_MEMORY_LIMIT] = memory;
	if (used != WARDEN_UNKNOWN)
		cgroup_stat_set_both(info, STAT_SWAP, used);
	if (memory != WARDEN_UNKNOWN && swap != WARDEN_UNKNOWN)
		info->memory[STAT_MEMSW_LIMIT] = memory >= CGROUP_NO_MEMORY_LIMIT - swap
							 ? CGROUP_NO_MEMORY_LIMIT
							 : memory + swap;
}

static void cgroup_stat_read_memory_v2(const struct cgroup *cgroup, struct warden_info *info)
{
	char buffer[STAT_FILE_MAX], *text = buffer;
	const char *name;
	uint64_t value;

	if (cgroup_read(cgroup, CGROUP_MEMORY, "memory.stat", buffer, sizeof(buffer)) < 0)
		return;
	while ((name = cgroup_stat_next_figure(&text, &value)))
		for (size_t i = 0; i < ARRAY_SIZE(names_v2); i++)
			if (strcmp(name, names_v2[i].name) == 0)
				cgroup_stat_set_both(info, names_v2[i].index, value);
	cgroup_stat_read_limits_v2(cgroup, info);
}

static void cgroup_stat_read_cpu_v1(const struct cgroup *cgroup, struct warden_info *info)
{
	char buffer[512], *text = buffer;
	const char *name;
	uint64_t value;

	if (cgroup_read(cgroup, CGROUP_CPUACCT, "cpuacct.usage", buffer, sizeof(buffer)) > 0)
		info->cpu_usage_ns = strtoull(buffer, NULL, 10);
	if (cgroup_read(cgroup, CGROUP_CPUACCT, "cpuacct.stat", buffer, sizeof(buffer)) < 0)
		return;
	while ((name = cgroup_stat_next_figure(&text, &value))) {
		if (strcmp(name, "user") == 0)
			info->cpu_user_ticks = value;
		else if (strcmp(name, "system") == 0)
			info->cpu_system_ticks = value;
	}
}

static void cgroup_stat_read_cpu_v2(const struct cgroup *cgroup, struct warden_info *info)
{
	char buffer[2048], *text = buffer;
	uint64_t tick_us = 1000000 / (uint64_t)sysconf(_SC_CLK_TCK), value;
	const char *name;

	if (cgroup_read(cgroup, CGROUP_CPUACCT, "cpu.stat", buffer, sizeof(buffer)) < 0)
		return;
	while ((name = cgroup_stat_next_figure(&text, &value))) {
		if (strcmp(name, "usage_usec") == 0)
			info->cpu_usage_ns = value * 1000;
		else if (strcmp(name, "user_usec") == 0)
			info->cpu_user_ticks = value / tick_us;
		else if (strcmp(name, "system_usec") == 0)
			info->cpu_system_ticks = value / tick_us;
	}
}

/* "some avg10=0.12 avg60=0.05 avg300=0.01 total=12345" */
static void cgroup_stat_parse_pressure(const char *text, const char *kind,
				       struct warden_pressure *pressure)
{
	unsigned long long whole[3], hundredths[3], total;
	const char *line = strstr(text, kind);

	if (!line || sscanf(line + strlen(kind),
			    " avg10=%llu.%llu avg60=%llu.%llu avg300=%llu.%llu total=%llu",
			    &whole[0], &hundredths[0], &whole[1], &hundredths[1], &whole[2],
			    &hundredths[2], &total) != 7)
		return;
	pressure->avg10 = whole[0] * 100 + hundredths[0];
	pressure->avg60 = whole[1] * 100 + hundredths[1];
	pressure->avg300 = whole[2] * 100 + hundredths[2];
	pressure->total = total;
}

/* Only v2 reports pressure, and only if it is enabled in the kernel. */
static void cgroup_stat_read_pressures(const struct cgroup *cgroup, struct warden_info *info)
{
	char text[512];

	if (cgroup_is_v2(cgroup, CGROUP_CPU) &&
	    cgroup_read(cgroup, CGROUP_CPU, "cpu.pressure", text, sizeof(text)) > 0)
		cgroup_stat_parse_pressure(text, "some", &info->cpu_some);
	if (!cgroup_is_v2(cgroup, CGROUP_MEMORY))
		return;
	if (cgroup_read(cgroup, CGROUP_MEMORY, "memory.pressure", text, sizeof(text)) > 0) {
		cgroup_stat_parse_pressure(text, "some", &info->memory_some);
		cgroup_stat_parse_pressure(text, "full", &info->memory_full);
	}
	if (cgroup_read(cgroup, CGROUP_MEMORY, "io.pressure", text, sizeof(text)) > 0) {
		cgroup_stat_parse_pressure(text, "some", &info->io_some);
		cgroup_stat_parse_pressure(text, "full", &info->io_full);
	}
}

/* Since the container was made, including all groups below it. */
static void cgroup_stat_read_peak_and_kills(const struct cgroup *cgroup, struct warden_info *info)
{
	bool v2 = cgroup_is_v2(cgroup, CGROUP_MEMORY);
	char text[512];

	info->peak_memory = cgroup_read_number(cgroup, CGROUP_MEMORY,
					       v2 ? "memory.peak" : "memory.max_usage_in_bytes", 0);
	if (cgroup_read(cgroup, CGROUP_MEMORY, v2 ? "memory.events" : "memory.oom_control", text,
			sizeof(text)) > 0)
		info->oom_kills = cgroup_figure(text, "oom_kill");
}

void cgroup_info(const struct cgroup *cgroup, struct warden_info *info)
{
	const struct cgroup_hierarchy *memory = cgroup_hierarchy_of(cgroup->cgroups, CGROUP_MEMORY);
	const struct cgroup_hierarchy *cpu = cgroup_hierarchy_of(cgroup->cgroups, CGROUP_CPUACCT);

	if (memory && memory->v2)
		cgroup_stat_read_memory_v2(cgroup, info);
	else if (memory)
		cgroup_stat_read_memory_v1(cgroup, info);
	if (cpu && cpu->v2)
		cgroup_stat_read_cpu_v2(cgroup, info);
	else if (cpu)
		cgroup_stat_read_cpu_v1(cgroup, info);
	cgroup_stat_read_peak_and_kills(cgroup, info);
	info->processes = cgroup_read_number(cgroup, CGROUP_PIDS, "pids.current", 0);
	cgroup_stat_read_pressures(cgroup, info);
	info->memory_bound = cgroup_bound_get(cgroup);
}
