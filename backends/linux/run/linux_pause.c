/* SPDX-License-Identifier: Apache-2.0 */
/* Pause and resume. All processes of the container are frozen, including its first process, which
 * handles requests sent meanwhile after the resume. */
#include "backends/linux/cgroup/cgroup.h"
#include "backends/linux/linux_operations.h"
#include "backends/linux/run/linux_container.h"

int linux_pause(void *data, bool paused, struct warden_error *err)
{
	struct linux_container *container = data;

	if (cgroup_freeze(container->cgroup, paused, err) < 0)
		return -1;
	container->paused = paused;
	return 0;
}

void linux_pause_end(struct linux_container *container)
{
	const struct warden_host *host = container->backend->host;
	struct warden_error err;

	if (!container->paused)
		return;
	container->paused = false;
	if (cgroup_freeze(container->cgroup, false, &err) < 0)
		host->log(host, WARDEN_LOG_ERROR, container->id, "resume: %s", err.message);
}
