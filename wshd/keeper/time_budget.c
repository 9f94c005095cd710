/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A job's limits on time; see time_budget.h. What is left of its cpu time lasts at least as long as
 * if all cpus worked for it: so no limit is missed by more than the shortest wait, and a job that
 * sleeps costs next to nothing.
 */
#include "wshd/keeper/time_budget.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/process_tree.h"

/* The shortest wait, in microseconds: how late a limit can be seen, for each cpu. */
enum { SHORTEST_US = 250 };

/* More than any kernel is built for. */
enum { CPUS_MAX = 8192 };

/* The longest tick that there is. */
enum { TICK_MAX_US = 10000 };

uint64_t time_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

bool time_budget_is_limited(const struct time_budget *budget)
{
	return budget->wall_us > 0 || budget->cpu_us > 0;
}

/* On how many cpus the job can run at once: those that this process may use. They may change. */
static uint64_t cpu_count(void)
{
	uint64_t mask[CPUS_MAX / 64] = {0};
	long size = syscall(SYS_sched_getaffinity, 0, sizeof(mask), mask);
	uint64_t n = 0;

	for (long i = 0; i < size / (long)sizeof(*mask); i++)
		n += (uint64_t)__builtin_popcountll(mask[i]);
	return n > 0 ? n : 1;
}

/* v1's cpuacct.usage is nanoseconds alone; v2's cpu.stat begins with usage_usec. */
static bool group_read(int fd, uint64_t *used_us)
{
	static const char name[] = "usage_usec ";
	char text[64];
	ssize_t got = pread(fd, text, sizeof(text) - 1, 0);

	if (got <= 0)
		return false;
	text[got] = '\0';
	if (text[0] >= '0' && text[0] <= '9')
		*used_us = strtoull(text, NULL, 10) / 1000;
	else if (strncmp(text, name, sizeof(name) - 1) == 0)
		*used_us = strtoull(text + sizeof(name) - 1, NULL, 10);
	else
		return false;
	return true;
}

/* Shortens the wait to what is left of a limit; false: nothing is. */
static bool is_left(uint64_t limit, uint64_t used, uint64_t rate, uint64_t *wait_us)
{
	uint64_t left;

	if (used >= limit)
		return false;
	left = (limit - used) / rate;
	if (left < SHORTEST_US)
		left = SHORTEST_US;
	if (left < *wait_us)
		*wait_us = left;
	return true;
}

static uint64_t cpu_used(const struct time_budget *budget, uint64_t reaped_us, unsigned *running)
{
	uint64_t used = reaped_us + process_tree_cpu_us(budget->proc_fd, getpid(), running);

	if (budget->cpu_fd >= 0)
		group_read(budget->cpu_fd, &used);
	return used;
}

struct look {
	const struct time_budget *budget;
	uint64_t reaped_us, used_us;
	unsigned running;
};

static bool is_used_up(void *data)
{
	struct look *look = data;

	look->used_us = cpu_used(look->budget, look->reaped_us, &look->running);
	return look->used_us >= look->budget->cpu_us;
}

/* Whether what is not added up yet may be all that is left. */
static bool is_near(const struct time_budget *budget, uint64_t cpus)
{
	return budget->cpu_us - budget->used_us <= TICK_MAX_US * cpus;
}

/* The kernel adds up what a process has used when it leaves its cpu, else once a tick, which may be
 * 10 ms. So near the limit it is taken for used what those that run can have used since the last
 * time; and before that costs them their lives, they are stopped, at which it is added up. */
static bool is_cpu_left(struct time_budget *budget, uint64_t reaped_us, uint64_t *wait_us)
{
	struct look look = {.budget = budget, .reaped_us = reaped_us};
	uint64_t now = time_us(), cpus = cpu_count(), since;

	if (is_used_up(&look))
		return false;
	if (look.used_us != budget->used_us)
		budget->changed_us = now;
	budget->used_us = look.used_us;
	if (!is_near(budget, cpus))
		return is_left(budget->cpu_us, budget->used_us, cpus, wait_us);
	since = (now - budget->changed_us) * (look.running < cpus ? look.running : cpus);
	if (budget->used_us + since >= budget->cpu_us) {
		process_tree_hold(budget->proc_fd, getpid(), is_used_up, &look);
		budget->used_us = look.used_us;
		budget->changed_us = time_us();
	}
	if (*wait_us > SHORTEST_US)
		*wait_us = SHORTEST_US; /* so that it is seen when the time is added up */
	return budget->used_us < budget->cpu_us;
}

/* As sched_setattr(2) has it, which C libraries do not declare. */
struct scheduling {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period; /* nanoseconds */
};

/* Containers are nicer than the host; who watches one is not, where that may be changed. And one
 * that runs for a moment alone is let in sooner, by kernels from 6.12 on. */
void time_budget_hurry(void)
{
	struct scheduling scheduling = {.size = sizeof(scheduling), .runtime = 100000};

	if (getpriority(PRIO_PROCESS, 0) > 0)
		setpriority(PRIO_PROCESS, 0, 0);
	scheduling.nice = getpriority(PRIO_PROCESS, 0);
	syscall(SYS_sched_setattr, 0, &scheduling, 0);
}

enum wshd_reason time_budget_check(struct time_budget *budget, uint64_t reaped_us,
				   uint64_t *wait_us)
{
	uint64_t now = time_us(), took;

	*wait_us = BUDGET_NEVER;
	if (budget->wall_us > 0 && !is_left(budget->wall_us, now - budget->started_us, 1, wait_us))
		return WSHD_WALL_TIME;
	if (budget->cpu_us == 0)
		return 0;
	if (!is_cpu_left(budget, reaped_us, wait_us))
		return WSHD_CPU_TIME;
	/* A job of many processes does not keep this one busy for ever. */
	took = time_us() - now;
	if (*wait_us < took)
		*wait_us = took;
	return 0;
}
