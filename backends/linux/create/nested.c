/* SPDX-License-Identifier: Apache-2.0 */
/* Nested containers; see nested.h. The mount point is that of the original Warden: scripts of its
 * clients rely on it. */
#include "backends/linux/create/nested.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <unistd.h>

#include "backends/linux/cgroup/cgroup.h"
#include "backends/linux/root/bind_mount.h"
#include "backends/linux/root/mount_api.h"
#include "lib/cleanup.h"

#define PLACE "/tmp/warden/cgroup"

static int nested_attach_group(struct setup *setup, const struct cgroup_place *place,
			       struct warden_error *err)
{
	char path[sizeof(PLACE) + sizeof(place->name) + 1];
	_cleanup_close_ int group = -1, target = -1;

	snprintf(path, sizeof(path), PLACE "/%s", place->name);
	group = mount_clone(AT_FDCWD, place->path, false);
	if (group < 0 && errno == ENOENT)
		return 0; /* this cgroup is made when a limit needs it */
	if (group < 0 || mount_set(group, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
				   -1, false) < 0)
		return warden_error_errno(err, "copy the mount of control group %s", place->path);
	target = bind_mount_open_directory(setup, path, err);
	if (target < 0)
		return -1;
	if (mount_attach(group, target) < 0)
		return warden_error_errno(err, "mount %s", path);
	return 0;
}

int nested_attach(struct setup *setup, struct warden_error *err)
{
	struct cgroup_place place;

	for (size_t i = 0; setup->parameters.nested &&
			   cgroup_place(setup->backend->cgroups, setup->parameters.id, i, &place);
	     i++)
		if (nested_attach_group(setup, &place, err) < 0)
			return -1;
	return 0;
}

uint64_t nested_capabilities(void)
{
	static const int needed[] = {
		CAP_SYS_ADMIN,    /* namespaces, mounts */
		CAP_NET_ADMIN,    /* links, the firewall */
		CAP_SYS_PTRACE,   /* to read /proc of other users' processes */
		CAP_SYS_RESOURCE, /* limits of jobs */
		CAP_MKNOD,        /* /dev of its containers */
	};
	uint64_t set = 0;

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		set |= UINT64_C(1) << needed[i];
	return set;
}
