/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A job's limits on time; see time_budget.h. The remaining cpu time lasts at least as long as if
 * the job used all cpus, so the next check is due then. No limit is exceeded by more than the
 * shortest wait, and a job that sleeps needs few checks.
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

/* The shortest wait in microseconds: how much each cpu may exceed the limit. */
enum { SHORTEST_US = 250 };

/* NR_CPUS of the largest kernels. */
enum { CPUS_MAX = 8192 };

/* The longest timer tick of the kernel (HZ=100), in microseconds. */
enum { TICK_MAX_US = 10000 };

uint64_t time_budget_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

bool time_budget_is_limited(const struct time_budget *budget)
{
	return budget->wall_us > 0 || budget->cpu_us > 0;
}

/* The number of cpus that this process, and so the job, may use. It may change. */
static uint64_t time_budget_count_cpus(void)
{
	uint64_t mask[CPUS_MAX / 64] = {0};
	long size = syscall(SYS_sched_getaffinity, 0, sizeof(mask), mask);
	uint64_t n = 0;

	for (long i = 0; i < size / (long)sizeof(*mask); i++)
		n += (uint64_t)__builtin_popcountll(mask[i]);
	return n > 0 ? n : 1;
}

/* v1's cpuacct.usage is a number of nanoseconds; v2's cpu.stat begins with usage_usec. */
static bool time_budget_read_cgroup(int fd, uint64_t *used_us)
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

/* Shortens the wait to the rest of a limit. False if the limit is reached. */
static bool time_budget_limit_wait(uint64_t limit, uint64_t used, uint64_t rate, uint64_t *wait_us)
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

static uint64_t time_budget_read_used(const struct time_budget *budget, uint64_t reaped_us,
				      unsigned *running)
{
	uint64_t used = reaped_us + process_tree_cpu_us(budget->proc_fd, getpid(), running);

	if (budget->cpu_fd >= 0)
		time_budget_read_cgroup(budget->cpu_fd, &used);
	return used;
}

struct cpu_sample {
	const struct time_budget *budget;
	uint64_t reaped_us, used_us;
	unsigned running;
};

static bool time_budget_is_used_up(void *data)
{
	struct cpu_sample *sample = data;

	sample->used_us =
		time_budget_read_used(sample->budget, sample->reaped_us, &sample->running);
	return sample->used_us >= sample->budget->cpu_us;
}

/* Whether the usage that the kernel has not accounted yet may exceed the limit. */
static bool time_budget_is_near_limit(const struct time_budget *budget, uint64_t cpus)
{
	return budget->cpu_us - budget->used_us <= TICK_MAX_US * cpus;
}

/* The kernel accounts the cpu time of a process when it leaves its cpu, otherwise once a tick,
 * which may be 10 ms. So near the limit the time since the last change counts as used for each
 * running process. Before that estimate kills the job, its processes are stopped for a moment, so
 * that the kernel accounts their real usage. */
static bool time_budget_is_cpu_left(struct time_budget *budget, uint64_t reaped_us,
				    uint64_t *wait_us)
{
	struct cpu_sample sample = {.budget = budget, .reaped_us = reaped_us};
	uint64_t now = time_budget_now_us(), cpus = time_budget_count_cpus(), since;

	if (time_budget_is_used_up(&sample))
		return false;
	if (sample.used_us != budget->used_us)
		budget->changed_us = now;
	budget->used_us = sample.used_us;
	if (!time_budget_is_near_limit(budget, cpus))
		return time_budget_limit_wait(budget->cpu_us, budget->used_us, cpus, wait_us);
	since = (now - budget->changed_us) * (sample.running < cpus ? sample.running : cpus);
	if (budget->used_us + since >= budget->cpu_us) {
		process_tree_hold(budget->proc_fd, getpid(), time_budget_is_used_up, &sample);
		budget->used_us = sample.used_us;
		budget->changed_us = time_budget_now_us();
	}
	if (*wait_us > SHORTEST_US)
		*wait_us = SHORTEST_US; /* so that the next accounting is seen */
	return budget->used_us < budget->cpu_us;
}

/* struct sched_attr of sched_setattr(2), which C libraries do not declare. */
struct sched_attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period; /* nanoseconds */
};

/* Resets the niceness of the container to 0, if that is allowed. Since Linux 6.12 a short `runtime`
 * (slice) makes the scheduler run a process sooner. */
void time_budget_raise_priority(void)
{
	struct sched_attributes sched_attributes = {.size = sizeof(sched_attributes),
						    .runtime = 100000};

	if (getpriority(PRIO_PROCESS, 0) > 0)
		setpriority(PRIO_PROCESS, 0, 0);
	sched_attributes.nice = getpriority(PRIO_PROCESS, 0);
	syscall(SYS_sched_setattr, 0, &sched_attributes, 0);
}

enum wshd_reason time_budget_check(struct time_budget *budget, uint64_t reaped_us,
				   uint64_t *wait_us)
{
	uint64_t now = time_budget_now_us(), took;

	*wait_us = BUDGET_NEVER;
	if (budget->wall_us > 0 &&
	    !time_budget_limit_wait(budget->wall_us, now - budget->started_us, 1, wait_us))
		return WSHD_WALL_TIME;
	if (budget->cpu_us == 0)
		return 0;
	if (!time_budget_is_cpu_left(budget, reaped_us, wait_us))
		return WSHD_CPU_TIME;
	/* For a job of many processes a check is slow: wait at least as long as it took. */
	took = time_budget_now_us() - now;
	if (*wait_us < took)
		*wait_us = took;
	return 0;
}
