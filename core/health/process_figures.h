/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's figures about the daemon's process. */
#ifndef CORE_HEALTH_PROCESS_FIGURES_H
#define CORE_HEALTH_PROCESS_FIGURES_H

#include <stdint.h>

struct process_figures {
	uint64_t resident_bytes, virtual_bytes; /* 0: unknown */
	uint64_t cpu_us;                        /* user and system */
	uint64_t descriptors, descriptors_max;  /* 0: unknown */
};

/* Processor time of the daemon, user and system; 0 if the kernel does not say. Any thread. */
uint64_t process_figures_cpu_us(void);

/* Reads all figures. Any thread; slow if many descriptors are open. */
void process_figures_read(struct process_figures *figures);

#endif
