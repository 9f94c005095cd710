/* SPDX-License-Identifier: Apache-2.0 */
/* Stores and reports limits, rounded as the kernel does. They are not enforced. */
#include "backends/fake/fake.h"

#define NO_MEMORY UINT64_C(9223372036854771712)
#define NO_RATE   UINT64_C(4294967295)

/* Of cpu.shares. */
enum { SHARES_MIN = 2, SHARES_MAX = 262144, SHARES = 1024 };

enum { IO_WEIGHT = 100 };

void fake_limits_begin(struct fake_container *container)
{
	container->limits = (struct warden_limits){
		.memory_bytes = NO_MEMORY,
		.cpu_shares = SHARES,
		.cpus = container->cpus,
		.bandwidth_rate = NO_RATE,
		.bandwidth_burst = NO_RATE,
		.io_weight = IO_WEIGHT,
	};
}

static void fake_limits_set(uint64_t *limit, uint64_t asked)
{
	if (asked != WARDEN_UNKNOWN)
		*limit = asked;
}

static void fake_limits_set_memory(struct warden_limits *limits, uint64_t asked)
{
	if (asked == WARDEN_UNKNOWN)
		return;
	limits->memory_bytes = asked > NO_MEMORY ? NO_MEMORY : asked & ~UINT64_C(4095);
}

static void fake_limits_set_shares(struct warden_limits *limits, uint64_t asked)
{
	if (asked == WARDEN_UNKNOWN)
		return;
	limits->cpu_shares = asked < SHARES_MIN ? SHARES_MIN : asked;
	if (asked > SHARES_MAX)
		limits->cpu_shares = SHARES_MAX;
}

static void fake_limits_set_bandwidth(struct warden_limits *limits,
				      const struct warden_limits *asked)
{
	fake_limits_set(&limits->bandwidth_rate, asked->bandwidth_rate);
	fake_limits_set(&limits->bandwidth_burst, asked->bandwidth_burst);
	if (limits->bandwidth_rate == NO_RATE)
		limits->bandwidth_burst = NO_RATE;
}

int fake_set_limits(void *data, const struct warden_limits *asked, struct warden_limits *in_force,
		    struct warden_error *err)
{
	struct fake_container *container = data;
	struct warden_limits *limits = &container->limits;

	if (asked->cpus && strlen(asked->cpus) >= sizeof(container->cpus))
		return warden_error_set(err, "cpus: a text of %zu bytes is too long",
					strlen(asked->cpus));
	fake_limits_set_memory(limits, asked->memory_bytes);
	fake_limits_set_shares(limits, asked->cpu_shares);
	fake_limits_set_bandwidth(limits, asked);
	fake_limits_set(&limits->cpu_quota, asked->cpu_quota);
	fake_limits_set(&limits->processes, asked->processes);
	fake_limits_set(&limits->disk_block_soft, asked->disk_block_soft);
	fake_limits_set(&limits->disk_block_hard, asked->disk_block_hard);
	fake_limits_set(&limits->disk_inode_soft, asked->disk_inode_soft);
	fake_limits_set(&limits->disk_inode_hard, asked->disk_inode_hard);
	fake_limits_set(&limits->io_weight, asked->io_weight);
	fake_limits_set(&limits->io_read_rate, asked->io_read_rate);
	fake_limits_set(&limits->io_write_rate, asked->io_write_rate);
	if (asked->swap_off >= 0)
		limits->swap_off = asked->swap_off;
	if (asked->cpus)
		snprintf(container->cpus, sizeof(container->cpus), "%s", asked->cpus);
	*in_force = *limits;
	return 0;
}

/* The core stores the state. */
int fake_pause(void *container, bool paused, struct warden_error *err)
{
	(void)container;
	(void)paused;
	(void)err;
	return 0;
}
