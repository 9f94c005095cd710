/* SPDX-License-Identifier: Apache-2.0 */
/* Freezes and thaws a container. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "backends/linux/cgroup/cgroup_private.h"

/* A process freezes when it next leaves the kernel: wait at most a second for that. */
#define PAUSE_NS 500000
#define PAUSES   2000

bool cgroup_is_frozen(const struct cgroup *cgroup)
{
	bool v2 = cgroup_is_v2(cgroup, CGROUP_FREEZER);
	char text[256];

	if (cgroup_read(cgroup, CGROUP_FREEZER, v2 ? "cgroup.events" : "freezer.state", text,
			sizeof(text)) < 0)
		return false;
	return v2 ? cgroup_figure(text, "frozen") == 1 : strncmp(text, "FROZEN", 6) == 0;
}

static int cgroup_freezer_write_state(const struct cgroup *cgroup, bool frozen,
				      struct warden_error *err)
{
	if (cgroup_is_v2(cgroup, CGROUP_FREEZER))
		return cgroup_write(cgroup, CGROUP_FREEZER, "cgroup.freeze", frozen ? "1" : "0",
				    err);
	return cgroup_write(cgroup, CGROUP_FREEZER, "freezer.state", frozen ? "FROZEN" : "THAWED",
			    err);
}

int cgroup_freeze(const struct cgroup *cgroup, bool frozen, struct warden_error *err)
{
	struct timespec pause = {.tv_nsec = PAUSE_NS};
	struct warden_error undo;

	if (cgroup_freezer_write_state(cgroup, frozen, err) < 0)
		return -1;
	for (int i = 0; frozen && i < PAUSES; i++) {
		if (cgroup_is_frozen(cgroup))
			return 0;
		nanosleep(&pause, NULL); /* a signal only makes the next read earlier */
	}
	if (!frozen)
		return 0;
	(void)cgroup_freezer_write_state(
		cgroup, false, &undo); /* best effort: the same file was writable before */
	return warden_error_set(err, "not all processes of %s could be frozen", cgroup->name);
}
