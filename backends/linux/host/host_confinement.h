/* SPDX-License-Identifier: Apache-2.0 */
/* Reports what confines the daemon itself: AppArmor's profiles, and the filter of system calls of a
 * container in which it runs. Both can refuse the namespaces and mounts that a container needs. */
#ifndef BACKENDS_LINUX_HOST_HOST_CONFINEMENT_H
#define BACKENDS_LINUX_HOST_HOST_CONFINEMENT_H

#include "backends/linux/host/host_report.h"

void host_confinement_describe(const struct host_report *to);

#endif
