/* SPDX-License-Identifier: Apache-2.0 */
/* How much time a job may use, and how much of it is left. */
#ifndef WSHD_KEEPER_TIME_BUDGET_H
#define WSHD_KEEPER_TIME_BUDGET_H

#include <stdbool.h>

#include "proto/wshd_protocol.h"

struct time_budget {
	uint64_t wall_us, cpu_us; /* 0: no limit */
	uint64_t started_us;      /* by time_us */
	int cpu_fd;               /* cpuacct.usage or cpu.stat of the job's own cgroup; -1: none */
	int proc_fd;
	uint64_t used_us, changed_us; /* what was added up at the last look, and since when */
};

/* No time to look again at. */
#define BUDGET_NEVER UINT64_MAX

/* The monotonic clock in microseconds. */
uint64_t time_us(void);

bool time_budget_is_limited(const struct time_budget *budget);

/* Before the first check of a job that is limited: this process is to come in time, whatever the
 * job does. */
void time_budget_hurry(void);

/* Whether the job, which is all that descends from this process, has used up its time: then why,
 * else 0 and in `wait_us` when to look again at the latest. `reaped_us`: cpu time of what this
 * process has reaped. */
enum wshd_reason time_budget_check(struct time_budget *budget, uint64_t reaped_us,
				   uint64_t *wait_us);

#endif
