/* SPDX-License-Identifier: Apache-2.0 */
/* The wall and cpu time that a job may use. */
#ifndef WSHD_KEEPER_TIME_BUDGET_H
#define WSHD_KEEPER_TIME_BUDGET_H

#include <stdbool.h>

#include "proto/wshd_protocol.h"

struct time_budget {
	uint64_t wall_us, cpu_us; /* 0: no limit */
	uint64_t started_us;      /* by time_budget_now_us */
	int cpu_fd;               /* cpuacct.usage or cpu.stat of the job's own cgroup; -1: none */
	int proc_fd;              /* /proc */
	uint64_t used_us, changed_us; /* cpu time at the last check, and when it changed */
};

/* No further check is needed. */
#define BUDGET_NEVER UINT64_MAX

/* The monotonic clock in microseconds. */
uint64_t time_budget_now_us(void);

/* Whether the job has a limit. */
bool time_budget_is_limited(const struct time_budget *budget);

/* Raises the scheduling priority of this process, so that its checks are not delayed by the job.
 * Called once, before the first check. */
void time_budget_raise_priority(void);

/* Checks whether the job, all descendants of this process, has used up its time. Returns the limit
 * that is reached, or 0 and in `wait_us` the microseconds until the next check. `reaped_us`: cpu
 * time of the children that this process has reaped. */
enum wshd_reason time_budget_check(struct time_budget *budget, uint64_t reaped_us,
				   uint64_t *wait_us);

#endif
