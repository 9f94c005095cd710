/* SPDX-License-Identifier: Apache-2.0 */
/* Restores a container of a previous daemon. If a part of it is missing the container is dead, and
 * destroy removes the remaining parts. */
#include <unistd.h>

#include "backends/linux/cgroup/cgroup.h"
#include "backends/linux/create/user_namespace.h"
#include "backends/linux/firewall/firewall.h"
#include "backends/linux/linux_operations.h"
#include "backends/linux/run/linux_container.h"
#include "backends/wshd/wshd_client.h"
#include "lib/pid_record.h"

/* Time limit for wshd's list of jobs, which it sends at once. */
#define LIST_MS 2000

/* Fails unless the first process lives and answers as wshd. */
static int linux_restore_connect(struct linux_container *container, enum warden_restore_state state,
				 struct warden_restored *restored, struct warden_error *err)
{
	if (container->init_pidfd < 0)
		return warden_error_set(err, "its first process has ended");
	if (state == WARDEN_RESTORE_BORN)
		return warden_error_set(err, "its create was not completed");
	if (container_processes_program(container->init_pid, &container->program) < 0)
		return warden_error_errno(err, "stat the program of process %d",
					  container->init_pid);
	/* A previous daemon may have died during a stop, which forbids forks. */
	if (cgroup_forbid_forks(container->cgroup, false, err) < 0)
		return -1;
	if (firewall_add(container->backend->firewall, &container->identity, err) < 0 ||
	    linux_container_connect(container, err) < 0 ||
	    wshd_list(container->wshd_fd, LIST_MS, restored, err) < 0)
		return -1;
	container->jobs = (unsigned)restored->n_jobs;
	linux_job_restore_groups(container, restored);
	return wshd_send_watch(container->wshd_fd, err);
}

/* Closes the connection of a dead container. Its first process, if alive, is still watched, for
 * destroy. */
static void linux_restore_mark_dead(struct linux_container *container,
				    struct warden_restored *restored,
				    const struct warden_error *reason)
{
	const struct warden_host *host = container->backend->host;

	host->log(host, WARDEN_LOG_INFO, container->id, "container is dead: %s", reason->message);
	wshd_list_free(restored);
	if (container->wshd_fd >= 0)
		close(container->wshd_fd);
	container->wshd_fd = -1;
}

int linux_restore(void *backend, const struct warden_identity *identity,
		  enum warden_restore_state state, void **result, struct warden_restored *restored,
		  struct warden_error *err)
{
	struct linux_container *container = linux_container_new(backend, identity, err);
	struct warden_error reason;

	if (!container)
		return -1;
	restored->alive = true;
	if (cgroup_open(container->backend->cgroups, container->id, &container->cgroup, err) < 0) {
		linux_container_free(container);
		return -1;
	}
	container->paused = cgroup_is_frozen(container->cgroup);
	linux_pause_end(container); /* wshd must reply; the core pauses the container again */
	container->quota = disk_quota_find_id(&container->backend->quota, identity);
	container->init_pidfd = pid_record_open(identity->dir_fd, &container->init_pid);
	/* The container may have been made with other settings. */
	if (container->init_pidfd >= 0)
		user_read_base(container->init_pid, &container->base);
	if (linux_restore_connect(container, state, restored, &reason) < 0) {
		restored->alive = false;
		linux_restore_mark_dead(container, restored, &reason);
	}
	if (linux_container_watch(container, err) < 0) {
		wshd_list_free(restored);
		linux_container_free(container);
		return -1;
	}
	*result = container;
	return 0;
}
