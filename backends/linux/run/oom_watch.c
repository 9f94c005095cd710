/* SPDX-License-Identifier: Apache-2.0 */
/* Watches a container's memory; see oom_watch.h. The file run/oom in the container's directory
 * records the count of OOM events when the limit was set. A higher count has to be reported, also
 * by a later daemon. */
#include "backends/linux/run/oom_watch.h"

#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "backends/linux/run/linux_container.h"
#include "lib/cleanup.h"
#include "lib/watcher.h"

#define COUNT_FILE "run/oom"

static bool oom_watch_read_count(int directory, uint64_t *count)
{
	_cleanup_close_ int fd = openat(directory, COUNT_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char text[24];
	ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (length <= 0)
		return false;
	text[length] = '\0';
	return sscanf(text, "%" SCNu64, count) == 1;
}

static int oom_watch_write_count(int directory, uint64_t count, struct warden_error *err)
{
	_cleanup_close_ int fd = openat(
		directory, COUNT_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 || dprintf(fd, "%" PRIu64 "\n", count) < 0)
		return warden_error_errno(err, "write " COUNT_FILE);
	return 0;
}

/* Runs on the watcher's thread. */
static void oom_watch_on_event(void *data, uint32_t events)
{
	struct linux_container *container = data;
	const struct warden_host *host = container->backend->host;

	(void)events;
	if (cgroup_oom_take(container->cgroup, &container->oom.cgroup))
		host->oom(host, container->id);
}

static int oom_watch_add(struct linux_container *container, struct warden_error *err)
{
	struct oom *oom = &container->oom;

	if (cgroup_oom_open(container->cgroup, &oom->cgroup, err) < 0)
		return -1;
	pthread_mutex_lock(&container->mutex);
	oom->watch = watcher_add(container->backend->watcher, oom->cgroup.fd, oom->cgroup.events,
				 oom_watch_on_event, container, err);
	pthread_mutex_unlock(&container->mutex);
	return oom->watch ? 0 : -1;
}

int oom_watch_arm(struct linux_container *container, struct warden_error *err)
{
	const struct warden_host *host = container->backend->host;
	int directory = container->identity.dir_fd;
	uint64_t before;

	if (container->oom.cgroup.fd >= 0)
		return 0;
	if ((!oom_watch_read_count(directory, &before) &&
	     oom_watch_write_count(directory, before = cgroup_oom_count(container->cgroup), err) <
		     0) ||
	    oom_watch_add(container, err) < 0) {
		oom_watch_disarm(container);
		return -1;
	}
	if (cgroup_oom_count(container->cgroup) > before)
		host->oom(host, container->id);
	return 0;
}

void oom_watch_close(struct linux_container *container)
{
	struct oom *oom = &container->oom;
	struct watch *taken;

	pthread_mutex_lock(&container->mutex);
	taken = oom->watch;
	oom->watch = NULL;
	pthread_mutex_unlock(&container->mutex);
	watch_remove(taken);
	if (oom->cgroup.fd >= 0)
		close(oom->cgroup.fd);
	oom->cgroup.fd = -1;
}

void oom_watch_disarm(struct linux_container *container)
{
	oom_watch_close(container);
	unlinkat(container->identity.dir_fd, COUNT_FILE, 0); /* ENOENT: never recorded */
}
