/* SPDX-License-Identifier: Apache-2.0 */
/* Reports the figures of a fake container: plausible and always the same, so that tests can compare
 * them. */
#include "backends/fake/fake.h"

#define MIB (UINT64_C(1) << 20)

/* Their indices in MemoryStat. */
enum { MEMORY_LIMIT = 13, MEMSW_LIMIT = 14 };

/* In the order of the protocol's MemoryStat: first of the group itself, then with its subgroups. */
static const uint64_t memory[WARDEN_MEMORY_STATS] = {
	2 * MIB, 1 * MIB, MIB / 2, 4096, 3328, 0, 8192, 16, 0, 1 * MIB, 1 * MIB, 1 * MIB, 0, 0, 0,
	2 * MIB, 1 * MIB, MIB / 2, 4096, 3328, 0, 8192, 16, 0, MIB,     1 * MIB, 1 * MIB, 0,
};

int fake_info(void *data, struct warden_info *info, struct warden_error *err)
{
	const struct fake_container *container = data;

	(void)err;
	memcpy(info->memory, memory, sizeof(memory));
	info->memory[MEMORY_LIMIT] = info->memory[MEMSW_LIMIT] = container->limits.memory_bytes;
	info->cpu_usage_ns = 30000000;
	info->cpu_user_ticks = 2;
	info->cpu_system_ticks = 1;
	info->disk_bytes = 1 * MIB;
	info->disk_inodes = 16;
	info->peak_memory = 4 * MIB;
	info->oom_kills = 0;
	info->processes = 1;
	info->rx_bytes = info->rx_packets = info->tx_bytes = info->tx_packets = 0;
	info->in_rate = info->out_rate = container->limits.bandwidth_rate;
	info->in_burst = info->out_burst = container->limits.bandwidth_burst;
	return 0;
}
