/* SPDX-License-Identifier: Apache-2.0 */
/* A container's share of cpu time: relative shares, a quota, and the set of cpus. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "backends/linux/cgroup/cgroup_private.h"

/* The kernel's bounds of v1's cpu.shares. */
#define SHARES_MIN UINT64_C(2)
#define SHARES_MAX UINT64_C(262144)

/* The kernel treats a weight of 100 as 1024 shares. */
#define SHARES_DEFAULT UINT64_C(1024)
#define WEIGHT_DEFAULT UINT64_C(100)
#define WEIGHT_MIN     UINT64_C(1)
#define WEIGHT_MAX     UINT64_C(10000)

/* The period of the quota, in microseconds. */
#define PERIOD         UINT64_C(100000)
#define PER_PERCENT_US (PERIOD / 100)

static uint64_t cgroup_cpu_clamp(uint64_t value, uint64_t min, uint64_t max)
{
	if (value < min)
		return min;
	return value > max ? max : value;
}

static uint64_t cgroup_cpu_weight(uint64_t shares)
{
	return cgroup_cpu_clamp((shares * WEIGHT_DEFAULT + SHARES_DEFAULT / 2) / SHARES_DEFAULT,
				WEIGHT_MIN, WEIGHT_MAX);
}

int cgroup_set_cpu_shares(struct cgroup *cgroup, const struct warden_limits *limits,
			  struct warden_error *err)
{
	uint64_t shares = cgroup_cpu_clamp(limits->cpu_shares, SHARES_MIN, SHARES_MAX);

	if (!cgroup_is_v2(cgroup, CGROUP_CPU))
		return cgroup_write_number(cgroup, CGROUP_CPU, "cpu.shares", shares, err);
	if (cgroup_write_number(cgroup, CGROUP_CPU, "cpu.weight", cgroup_cpu_weight(shares), err) <
	    0)
		return -1;
	cgroup->cpu_shares = shares;
	return 0;
}

void cgroup_get_cpu_shares(const struct cgroup *cgroup, struct warden_limits *limits)
{
	uint64_t weight;

	if (!cgroup_is_v2(cgroup, CGROUP_CPU)) {
		limits->cpu_shares = cgroup_read_number(cgroup, CGROUP_CPU, "cpu.shares", 0);
		return;
	}
	weight = cgroup_read_number(cgroup, CGROUP_CPU, "cpu.weight", 0);
	if (weight == WARDEN_UNKNOWN)
		limits->cpu_shares = WARDEN_UNKNOWN;
	else if (cgroup->cpu_shares && cgroup_cpu_weight(cgroup->cpu_shares) == weight)
		limits->cpu_shares = cgroup->cpu_shares;
	else
		limits->cpu_shares = cgroup_cpu_clamp(weight * SHARES_DEFAULT / WEIGHT_DEFAULT,
						      SHARES_MIN, SHARES_MAX);
}

int cgroup_set_cpu_quota(struct cgroup *cgroup, const struct warden_limits *limits,
			 struct warden_error *err)
{
	uint64_t quota = limits->cpu_quota * PER_PERCENT_US;
	char text[64];

	if (cgroup_is_v2(cgroup, CGROUP_CPU)) {
		snprintf(text, sizeof(text), "max %" PRIu64, PERIOD);
		if (quota > 0)
			snprintf(text, sizeof(text), "%" PRIu64 " %" PRIu64, quota, PERIOD);
		return cgroup_write(cgroup, CGROUP_CPU, "cpu.max", text, err);
	}
	if (cgroup_write_number(cgroup, CGROUP_CPU, "cpu.cfs_period_us", PERIOD, err) < 0)
		return -1;
	if (quota > 0)
		return cgroup_write_number(cgroup, CGROUP_CPU, "cpu.cfs_quota_us", quota, err);
	return cgroup_write(cgroup, CGROUP_CPU, "cpu.cfs_quota_us", "-1", err);
}

void cgroup_get_cpu_quota(const struct cgroup *cgroup, struct warden_limits *limits)
{
	const char *name = cgroup_is_v2(cgroup, CGROUP_CPU) ? "cpu.max" : "cpu.cfs_quota_us";
	char text[64];

	limits->cpu_quota = WARDEN_UNKNOWN;
	if (cgroup_read(cgroup, CGROUP_CPU, name, text, sizeof(text)) <= 0)
		return;
	/* "max 100000" and "-1" mean no quota. */
	limits->cpu_quota =
		text[0] == 'm' || text[0] == '-' ? 0 : strtoull(text, NULL, 10) / PER_PERCENT_US;
}

/* All cpus are those of the parent group: v1 has no other way to say it, and v2's empty list is
 * accepted only while no process runs. */
int cgroup_set_cpus(struct cgroup *cgroup, const struct warden_limits *limits,
		    struct warden_error *err)
{
	const struct cgroup_hierarchy *hierarchy =
		cgroup_hierarchy_of(cgroup->cgroups, CGROUP_CPUSET);
	const char *cpus = limits->cpus;
	char all[sizeof(cgroup->cpus)];

	if (!*cpus && !cgroup->cpus_set)
		return 0;
	if (!*cpus) {
		if (!hierarchy)
			return warden_error_set(err, "this host has no cpuset controller");
		if (cgroup_file_read(hierarchy->fd,
				     hierarchy->v2 ? "cpuset.cpus.effective" : "cpuset.cpus", all,
				     sizeof(all)) < 0)
			return warden_error_errno(err, "read the cpus of the parent control group");
		cpus = all;
	}
	if (cgroup_join(cgroup, CGROUP_CPUSET, err) < 0)
		return -1;
	if (cgroup_write(cgroup, CGROUP_CPUSET, "cpuset.cpus", cpus, err) < 0) {
		/* The syntax of the list was checked before. */
		if (err->number == ERANGE || err->number == EINVAL)
			warden_error_set(err, "there is no such cpu: %s", cpus);
		return -1;
	}
	cgroup->cpus_set = *limits->cpus;
	return 0;
}

void cgroup_get_cpus(struct cgroup *cgroup, struct warden_limits *limits)
{
	limits->cpus = NULL;
	if (!cgroup_hierarchy_of(cgroup->cgroups, CGROUP_CPUSET))
		return;
	cgroup->cpus[0] = '\0';
	if (cgroup->cpus_set && cgroup_read(cgroup, CGROUP_CPUSET, "cpuset.cpus", cgroup->cpus,
					    sizeof(cgroup->cpus)) < 0)
		return;
	cgroup->cpus[strcspn(cgroup->cpus, "\n")] = '\0';
	limits->cpus = cgroup->cpus;
}
