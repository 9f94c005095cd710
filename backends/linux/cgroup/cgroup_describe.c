/* SPDX-License-Identifier: Apache-2.0 */
/* Reports the available controllers and the effect of each missing one. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/linux/cgroup/cgroup_private.h"
#include "backends/linux/linux.h"
#include "lib/cleanup.h"

#define MOUNTS_MAX 64

static const char *cgroup_describe_effect(unsigned controller)
{
	switch (controller) {
	case CGROUP_MEMORY:
		return "no memory limits and figures, no report of processes killed for lack of "
		       "memory";
	case CGROUP_CPU:
		return "no cpu shares and quota";
	case CGROUP_CPUACCT:
		return "no cpu figures";
	case CGROUP_DEVICES:
		return "devices are refused by the user namespace alone";
	case CGROUP_PIDS:
		return "no limit on processes";
	case CGROUP_CPUSET:
		return "no sets of cpus";
	case CGROUP_IO:
		return "no weights and rates of block I/O";
	case CGROUP_FREEZER:
		return "no pause";
	default:
		return "its limits are refused";
	}
}

/* Where each controller was found; an empty text: nowhere. */
struct controller_places {
	unsigned found;
	char text[CGROUP_CONTROLLERS][PATH_MAX];
};

static void cgroup_describe_add_place(struct controller_places *places, unsigned controllers,
				      bool v2, const char *path)
{
	for (size_t i = 0; i < CGROUP_CONTROLLERS; i++)
		if (controllers & ~places->found & 1U << i)
			snprintf(places->text[i], sizeof(places->text[i]), "%s, %s",
				 v2 ? "v2" : "v1", path);
	places->found |= controllers;
}

/* The controllers that could be enabled on a v2 mount. */
static unsigned cgroup_describe_read_v2(const struct cgroup_mount *mount)
{
	char path[PATH_MAX], text[512];
	int fd, length;

	length = snprintf(path, sizeof(path), "%s%s", mount->mount_point, mount->own);
	if (length >= (int)sizeof(path))
		return 0;
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (cgroup_file_read(fd, "cgroup.controllers", text, sizeof(text)) < 0)
		text[0] = '\0';
	close(fd);
	return cgroup_controllers_parse(text) | CGROUP_V2_CORE;
}

/* Without a daemon: reads the mounts. */
static void cgroup_describe_find_mounted(struct controller_places *places)
{
	struct cgroup_mount mounts[MOUNTS_MAX] = {0};
	struct warden_error ignored;
	size_t n = 0;

	/* A mount that cannot be read has no controllers. */
	(void)cgroup_mounts_find(mounts, MOUNTS_MAX, &n, &ignored);
	for (size_t i = 0; i < n; i++)
		if (!mounts[i].v2)
			cgroup_describe_add_place(places, mounts[i].controllers, false,
						  mounts[i].mount_point);
	for (size_t i = 0; i < n; i++)
		if (mounts[i].v2)
			cgroup_describe_add_place(places, cgroup_describe_read_v2(&mounts[i]), true,
						  mounts[i].mount_point);
	cgroup_mounts_free(mounts, n);
}

int cgroups_check(const struct warden_host *host, struct warden_error *err)
{
	_cleanup_free_ struct controller_places *places = NULL;

	if (cgroup_bounds_check(host, err) < 0)
		return -1;
	if (linux_user_namespace(host->settings))
		return 0;
	places = calloc(1, sizeof(*places));
	if (!places)
		return warden_error_errno(err, "control groups");
	cgroup_describe_find_mounted(places);
	return places->found & CGROUP_DEVICES
		       ? 0
		       : warden_error_set(err, "no control groups for devices are mounted");
}

void cgroups_describe(const struct cgroups *cgroups, const struct host_report *to)
{
	_cleanup_free_ struct controller_places *places = calloc(1, sizeof(*places));
	char names[64], name[80];

	if (!places)
		return;
	for (size_t i = 0; cgroups && i < cgroups->n; i++)
		cgroup_describe_add_place(places, cgroups->hierarchies[i].controllers,
					  cgroups->hierarchies[i].v2, cgroups->hierarchies[i].path);
	if (cgroups)
		cgroup_bound_describe(cgroups, to);
	else
		cgroup_describe_find_mounted(places);
	for (size_t i = 0; i < CGROUP_CONTROLLERS; i++) {
		bool found = (places->found & 1U << i) != 0;

		snprintf(name, sizeof(name), "cgroup %s",
			 cgroup_controllers_text(1U << i, names, sizeof(names)));
		host_report_fact(
			to, name, found ? places->text[i] : "missing",
			found ? NULL : cgroup_describe_effect(1U << i),
			found ? NULL
			      : "mount the controller (cgroup_enable=NAME on the kernel's "
				"command line), or have it delegated (systemd: Delegate=yes)");
	}
}
