/* SPDX-License-Identifier: Apache-2.0 */
/* A container's part of the cpus. */
#include "backends/linux/cgroup_private.h"

/* Of v1's cpu.shares: the kernel's own bounds. */
#define SHARES_MIN UINT64_C(2)
#define SHARES_MAX UINT64_C(262144)

/* The kernel reckons a weight of 100 as 1024 shares. */
#define SHARES_DEFAULT UINT64_C(1024)
#define WEIGHT_DEFAULT UINT64_C(100)
#define WEIGHT_MIN     UINT64_C(1)
#define WEIGHT_MAX     UINT64_C(10000)

static uint64_t clamp(uint64_t value, uint64_t min, uint64_t max)
{
	if (value < min)
		return min;
	return value > max ? max : value;
}

static uint64_t weight_of(uint64_t shares)
{
	return clamp((shares * WEIGHT_DEFAULT + SHARES_DEFAULT / 2) / SHARES_DEFAULT, WEIGHT_MIN,
		     WEIGHT_MAX);
}

int cgroup_set_cpu_shares(struct cgroup *cgroup, const struct warden_limits *limits,
			  struct warden_error *err)
{
	uint64_t shares = clamp(limits->cpu_shares, SHARES_MIN, SHARES_MAX);

	if (!cgroup_is_v2(cgroup, CGROUP_CPU))
		return cgroup_write_number(cgroup, CGROUP_CPU, "cpu.shares", shares, err);
	if (cgroup_write_number(cgroup, CGROUP_CPU, "cpu.weight", weight_of(shares), err) < 0)
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
	else if (cgroup->cpu_shares && weight_of(cgroup->cpu_shares) == weight)
		limits->cpu_shares = cgroup->cpu_shares;
	else
		limits->cpu_shares =
			clamp(weight * SHARES_DEFAULT / WEIGHT_DEFAULT, SHARES_MIN, SHARES_MAX);
}
