/* SPDX-License-Identifier: Apache-2.0 */
/* Restores a container of a previous daemon. It is dead only if its first process has surely ended.
 * As long as that lives and wshd does not answer the container is unreachable, and each reconnect
 * goes on where the last ask stopped. */
#include <signal.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "backends/linux/cgroup/cgroup.h"
#include "backends/linux/create/user_namespace.h"
#include "backends/linux/firewall/firewall.h"
#include "backends/linux/linux_operations.h"
#include "backends/linux/net/net.h"
#include "backends/linux/run/linux_container.h"
#include "backends/linux/run/linux_stop.h"
#include "backends/linux/seccomp/seccomp.h"
#include "backends/wshd/wshd_client.h"
#include "lib/cleanup.h"
#include "lib/pid_record.h"

/* How long an ask waits for each message of wshd. */
#define PATIENCE_MS 20

int linux_restore_find(struct linux_container *container, struct warden_error *err)
{
	if (container->restoring == 0 || container->found)
		return 0;
	if (container->init_pidfd < 0)
		container->init_pidfd =
			pid_record_open(container->identity.dir_fd, &container->init_pid, err);
	if (container->init_pidfd < 0)
		return -1;
	/* The container may have been made with other settings. */
	user_read_base(container->init_pid, &container->base);
	container->found = linux_container_watch(container, err) == 0;
	return container->found ? 0 : -1;
}

/* wshd must reply; the core pauses the container again. */
static void linux_restore_thaw(struct linux_container *container)
{
	container->paused = cgroup_is_frozen(container->cgroup);
	linux_pause_end(container);
}

/* If the profile is not configured any more wshd keeps that of the daemon before for shells, and
 * jobs must name one. */
static void linux_restore_find_profile(struct linux_container *container)
{
	const struct linux_backend *backend = container->backend;
	struct warden_error err;

	container->profile = seccomp_find(backend->seccomp, container->identity.seccomp, &err);
	if (!container->profile)
		backend->host->log(backend->host, WARDEN_LOG_WARN, container->id, "%s",
				   err.message);
}

/* Sends the question, after what must hold before wshd does anything. */
static int linux_restore_connect(struct linux_container *container, struct warden_error *err)
{
	linux_restore_thaw(container);
	if (container_processes_program(container->init_pid, &container->program) < 0)
		return warden_error_errno(err, "stat the program of process %d",
					  container->init_pid);
	/* A previous daemon may have died during a stop, which forbids forks. */
	if (linux_stop_restore(container, container->restoring == WARDEN_RESTORE_STOPPED, err) <
		    0 ||
	    net_restore(container->backend->net, &container->identity, err) < 0 ||
	    firewall_add(container->backend->firewall, &container->identity, err) < 0 ||
	    linux_container_connect(container, err) < 0)
		return -1;
	return wshd_list_request(container->wshd_fd, &container->listed, err);
}

static int linux_restore_attach(struct linux_container *container, struct warden_error *err)
{
	if (wshd_send_watch(container->wshd_fd, err) < 0)
		return -1;
	pthread_mutex_lock(&container->mutex);
	container->jobs = (unsigned)container->listed.n_jobs;
	if (container->jobs == 0)
		linux_stop_jobs_ended(container);
	pthread_mutex_unlock(&container->mutex);
	linux_job_restore_groups(container, &container->listed);
	return linux_container_watch(container, err);
}

/* Closes a connection that is of no use. */
static void linux_restore_disconnect(struct linux_container *container)
{
	wshd_list_free(&container->listed);
	cleanup_close(&container->wshd_fd);
	container->wshd_fd = -1;
}

/* Returns 1 if wshd has answered and is watched. */
static int linux_restore_ask(struct linux_container *container, struct warden_error *err)
{
	int result = 0;

	warden_error_set(err, "wshd does not answer");
	if (container->wshd_fd < 0)
		result = linux_restore_connect(container, err);
	if (result == 0)
		result = wshd_list_receive(container->wshd_fd, PATIENCE_MS, &container->listed,
					   &container->features, err);
	if (result == 1 && linux_restore_attach(container, err) < 0)
		result = -1;
	if (result < 0 && err->number == EBADMSG)
		/* ESRCH: it has ended. Its FUSE servers end with it. */
		pidfd_send_signal(container->init_pidfd, SIGKILL, NULL, 0);
	if (result < 0)
		linux_restore_disconnect(container);
	return result;
}

/* Moves what wshd has listed to the core. */
static void linux_restore_report(struct linux_container *container,
				 struct warden_restored *restored)
{
	restored->alive = true;
	restored->jobs = take_pointer(container->listed.jobs);
	restored->n_jobs = container->listed.n_jobs;
	restored->job_size = container->listed.job_size;
	container->listed.n_jobs = 0;
	container->restoring = 0;
}

int linux_reconnect(void *data, struct warden_restored *restored, struct warden_error *err)
{
	struct linux_container *container = data;
	const struct warden_host *host = container->backend->host;
	bool found = linux_restore_find(container, err) == 0;
	int answered;

	wshd_list_set_known(&container->listed, restored);
	answered = found ? linux_restore_ask(container, err) : 0;
	wshd_list_set_known(&container->listed, NULL);
	if (answered == 1) {
		linux_restore_report(container, restored);
		return 0;
	}
	restored->unreachable =
		found ? !linux_container_has_ended(container) : err->number != ESRCH;
	snprintf(restored->reason, sizeof(restored->reason), "%.*s",
		 (int)sizeof(restored->reason) - 1, err->message);
	if (!restored->unreachable)
		host->log(host, WARDEN_LOG_INFO, container->id, "container is dead: %s",
			  err->message);
	return 0;
}

int linux_restore(void *backend, const struct warden_identity *identity,
		  enum warden_restore_state state, void **result, struct warden_restored *restored,
		  struct warden_error *err)
{
	struct linux_container *container = linux_container_new(backend, identity, err);

	if (!container)
		return -1;
	container->restoring = state;
	if (cgroup_open(container->backend->cgroups, container->id, &container->cgroup, err) < 0 ||
	    (state != WARDEN_RESTORE_BORN && /* one that is removed needs none */
	     disk_quota_find_id(&container->backend->quota, identity, &container->quota, err) <
		     0)) {
		linux_container_free(container);
		return -1;
	}
	linux_restore_find_profile(container);
	cgroup_mark(container->cgroup); /* it may be of a release that did not */
	linux_restore_thaw(container);
	*result = container;
	/* One whose create was not completed is found by destroy. */
	return state == WARDEN_RESTORE_BORN ? 0 : linux_reconnect(container, restored, err);
}
