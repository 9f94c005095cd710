/* SPDX-License-Identifier: Apache-2.0 */
/* Notification that a container's memory has run out: an eventfd on v1, a file that changes on v2.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "backends/linux/cgroup/cgroup_private.h"
#include "lib/cleanup.h"

/* Counts events under this group's own limit; memory.events counts those of groups below as well.
 */
#define V2_EVENTS "memory.events.local"

/* Bytes; a larger charge fails without killing a process. */
#define LARGEST_CHARGE ((uint64_t)65536)

/* v1 also notifies the groups below the one that reached its limit, be it the machine's or the
 * daemon's. If the limit was our own, the maximum usage is close to it. */
static bool cgroup_oom_reached_limit_v1(const struct cgroup *cgroup)
{
	uint64_t limit = cgroup_read_number(cgroup, CGROUP_MEMORY, "memory.limit_in_bytes", 0);
	uint64_t most =
		cgroup_read_number(cgroup, CGROUP_MEMORY, "memory.memsw.max_usage_in_bytes", 0);

	if (most == WARDEN_UNKNOWN)
		most = cgroup_read_number(cgroup, CGROUP_MEMORY, "memory.max_usage_in_bytes", 0);
	return most >= limit || limit - most <= LARGEST_CHARGE;
}

static int cgroup_oom_open_v1(const struct cgroup *cgroup, struct cgroup_oom *oom,
			      struct warden_error *err)
{
	_cleanup_close_ int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	_cleanup_close_ int control =
		cgroup_open_file(cgroup, CGROUP_MEMORY, "memory.oom_control", O_RDONLY);
	char text[32];

	if (fd < 0 || control < 0)
		return warden_error_errno(err, "watch the memory of %s", cgroup->name);
	snprintf(text, sizeof(text), "%d %d", fd, control);
	if (cgroup_write(cgroup, CGROUP_MEMORY, "cgroup.event_control", text, err) < 0)
		return -1;
	*oom = (struct cgroup_oom){take_fd(&fd), EPOLLIN, 0};
	return 0;
}

/* Reading also clears the event until the next change. */
static uint64_t cgroup_oom_read_count_v2(int fd)
{
	char text[512];
	ssize_t length = pread(fd, text, sizeof(text) - 1, 0);
	uint64_t count;

	text[length > 0 ? length : 0] = '\0';
	count = cgroup_figure(text, "oom");
	return count == WARDEN_UNKNOWN ? 0 : count;
}

static int cgroup_oom_open_v2(const struct cgroup *cgroup, struct cgroup_oom *oom,
			      struct warden_error *err)
{
	int fd = cgroup_open_file(cgroup, CGROUP_MEMORY, V2_EVENTS, O_RDONLY);

	if (fd < 0)
		return warden_error_errno(err, "watch the memory of %s", cgroup->name);
	*oom = (struct cgroup_oom){fd, EPOLLPRI, cgroup_oom_read_count_v2(fd)};
	return 0;
}

int cgroup_oom_open(const struct cgroup *cgroup, struct cgroup_oom *oom, struct warden_error *err)
{
	return cgroup_is_v2(cgroup, CGROUP_MEMORY) ? cgroup_oom_open_v2(cgroup, oom, err)
						   : cgroup_oom_open_v1(cgroup, oom, err);
}

bool cgroup_oom_take(const struct cgroup *cgroup, struct cgroup_oom *oom)
{
	uint64_t times, before = oom->count;

	if (oom->events != EPOLLPRI)
		return read(oom->fd, &times, sizeof(times)) == sizeof(times) &&
		       cgroup_oom_reached_limit_v1(cgroup);
	oom->count = cgroup_oom_read_count_v2(oom->fd);
	return oom->count > before;
}

uint64_t cgroup_oom_count(const struct cgroup *cgroup)
{
	bool v2 = cgroup_is_v2(cgroup, CGROUP_MEMORY);
	char text[512];
	uint64_t count;

	if (cgroup_read(cgroup, CGROUP_MEMORY, v2 ? V2_EVENTS : "memory.oom_control", text,
			sizeof(text)) < 0)
		return 0;
	count = cgroup_figure(text, v2 ? "oom" : "oom_kill");
	return count == WARDEN_UNKNOWN ? 0 : count;
}

uint64_t cgroup_oom_kills(const struct cgroup *cgroup)
{
	bool v2 = cgroup_is_v2(cgroup, CGROUP_MEMORY);
	char text[512];
	uint64_t kills;

	if (cgroup_read(cgroup, CGROUP_MEMORY, v2 ? "memory.events" : "memory.oom_control", text,
			sizeof(text)) < 0)
		return 0;
	kills = cgroup_figure(text, "oom_kill");
	return kills == WARDEN_UNKNOWN ? 0 : kills;
}

bool cgroup_counts_below(const struct cgroup *cgroup)
{
	return cgroup_is_v2(cgroup, CGROUP_MEMORY);
}
