/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel tells about the daemon's own process. */
#ifndef CORE_HEALTH_PROCESS_FIGURES_H
#define CORE_HEALTH_PROCESS_FIGURES_H

#include <stdint.h>

struct process_figures {
	uint64_t resident_bytes, virtual_bytes; /* 0: not known */
	uint64_t cpu_us;                        /* user and system */
	uint64_t descriptors, descriptors_max;  /* 0: not known */
};

/* Any thread; counting many descriptors takes a while. */
void process_figures_read(struct process_figures *figures);

#endif
