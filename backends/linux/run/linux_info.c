/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the figures of a container (the operation info). */
#include "backends/linux/cgroup/cgroup.h"
#include "backends/linux/linux_operations.h"
#include "backends/linux/net/net.h"
#include "backends/linux/run/linux_container.h"
#include "backends/linux/seccomp/seccomp.h"

static const char *linux_info_seccomp(const struct linux_container *container)
{
	return container->features & WSHD_TAKES_FILTERS
		       ? seccomp_tell(container->backend->seccomp, container->profile)
		       : "off: " SECCOMP_OLD_WSHD;
}

int linux_info(void *data, struct warden_info *info, struct warden_error *err)
{
	struct linux_container *container = data;

	cgroup_info(container->cgroup, info);
	disk_quota_info(&container->backend->quota, container->quota, info);
	info->seccomp = linux_info_seccomp(container);
	info->terminals = (uint64_t)container->backend->terminals;
	info->shm_bytes = container->backend->shm_bytes;
	info->in_rate = info->out_rate = container->rate;
	info->in_burst = info->out_burst = container->burst;
	return net_info(container->backend->net, &container->identity, info, err);
}
