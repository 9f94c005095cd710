/* SPDX-License-Identifier: Apache-2.0 */
/* Programs of core_pattern ("|PROGRAM"), which the kernel runs as root of the host for each process
 * that crashes, also in a container, unless its limit of core files is 1 byte. */
#ifndef BACKENDS_LINUX_HOST_CORE_LIMIT_H
#define BACKENDS_LINUX_HOST_CORE_LIMIT_H

#include "backends/linux/host/host_report.h"

/* Raises this process's hard limit from 0 to 1 byte if it may: helpers inherit it, and no process
 * of a container can raise it. */
void core_limit_raise(void);

void core_limit_describe(const struct host_report *to);

#endif
