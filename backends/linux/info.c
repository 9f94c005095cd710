/* SPDX-License-Identifier: Apache-2.0 */
/* The figures of a container. */
#include "backends/linux/cgroup.h"
#include "backends/linux/container.h"
#include "backends/linux/operations.h"

/* What the protocol reports where there is no limit. */
#define BANDWIDTH_UNLIMITED UINT32_MAX

int linux_info(void *data, struct warden_info *info, struct warden_error *err)
{
	struct container *container = data;

	(void)err;
	cgroup_info(container->cgroup, info);
	info->in_rate = BANDWIDTH_UNLIMITED;
	info->in_burst = BANDWIDTH_UNLIMITED;
	info->out_rate = BANDWIDTH_UNLIMITED;
	info->out_burst = BANDWIDTH_UNLIMITED;
	return 0;
}
