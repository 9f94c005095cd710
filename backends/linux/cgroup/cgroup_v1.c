/* SPDX-License-Identifier: Apache-2.0 */
/* A v1 hierarchy: the daemon's own group holds CGROUP_PARENT. */
#include <fcntl.h>
#include <stdlib.h>

#include "backends/linux/cgroup/cgroup_private.h"
#include "lib/cleanup.h"

/* Old kernels count a group without those below it unless use_hierarchy is set; new ones always
 * include them. */
static void cgroup_v1_count_hierarchically(int fd)
{
	struct warden_error ignored;
	char text[8];

	if (cgroup_file_read(fd, "memory.use_hierarchy", text, sizeof(text)) > 0 && text[0] == '0')
		(void)cgroup_file_write(fd, "memory.use_hierarchy", "1", &ignored);
}

int cgroup_v1_setup(struct cgroup_hierarchy *hierarchy, const struct cgroup_mount *mount,
		    struct warden_error *err)
{
	hierarchy->controllers = mount->controllers;
	if (asprintf(&hierarchy->path, "%s%s", mount->mount_point, mount->own) < 0) {
		hierarchy->path = NULL;
		return warden_error_errno(err, "control groups at %s", mount->mount_point);
	}
	hierarchy->own_path = mount->reachable ? strdup(mount->own_path) : NULL;
	hierarchy->base_fd = open(hierarchy->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (hierarchy->base_fd < 0)
		return warden_error_errno(err, "open %s", hierarchy->path);
	hierarchy->fd = cgroup_parent_open(hierarchy, err);
	if (hierarchy->fd < 0)
		return -1;
	if (hierarchy->controllers & CGROUP_MEMORY)
		cgroup_v1_count_hierarchically(hierarchy->fd);
	return 0;
}
