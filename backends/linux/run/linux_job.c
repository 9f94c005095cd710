/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs: sends requests to wshd and manages the cgroups of jobs. Messages of wshd are received in
 * linux_container.c.
 */
#include "backends/linux/run/linux_job.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "backends/linux/cgroup/cgroup_job.h"
#include "backends/linux/linux_operations.h"
#include "backends/linux/run/linux_container.h"
#include "backends/linux/seccomp/seccomp.h"
#include "lib/cleanup.h"

/* A job may reopen its streams (/dev/stdout), so its user must own the pipes. They are given to
 * root of the container here; wshd, which alone knows the user's id, passes them on. Both ends of a
 * pipe are one inode. */
static int linux_job_chown_pipes(const struct linux_container *container,
				 const struct warden_spawn *spawn, struct warden_error *err)
{
	uint32_t id = container->base;
	const int pipes[] = {spawn->stdout_write_fd, spawn->stderr_write_fd, spawn->stdin_read_fd};

	for (size_t i = 0; i < ARRAY_SIZE(pipes); i++)
		if (pipes[i] >= 0 && fchown(pipes[i], id, id) < 0)
			return warden_error_errno(err, "chown the pipes of job %u to user %u",
						  spawn->job_id, id);
	return 0;
}

static bool linux_job_wants_group(const struct warden_spawn *spawn)
{
	return spawn->own_cgroup || spawn->memory_limit > 0 || spawn->process_limit > 0 ||
	       spawn->no_swap;
}

static int linux_job_make_group(struct linux_container *container, const struct warden_spawn *spawn,
				struct wshd_group *group, struct warden_error *err)
{
	uid_t owner = linux_base(container->backend->host->settings, container->identity.slot);

	wshd_group_init(group);
	if (!linux_job_wants_group(spawn))
		return 0;
	container->job_groups.any = true;
	return cgroup_job_make(container->cgroup, spawn, owner, group, err);
}

/* Counts the job before it is sent: its end may be reported before the send returns. OOM kills
 * while there was no job are not attributed to a later one. */
static void linux_job_count(struct linux_container *container)
{
	pthread_mutex_lock(&container->mutex);
	if (container->jobs++ == 0)
		container->oom_kills = cgroup_oom_kills(container->cgroup);
	pthread_mutex_unlock(&container->mutex);
}

/* Sends the job's filter of system calls, unless it is the container's, which wshd has. Sets
 * `*filter` to the job's flag. */
static int linux_job_send_filter(struct linux_container *container,
				 const struct warden_spawn *spawn, uint32_t *filter,
				 struct warden_error *err)
{
	const struct seccomp *seccomp = container->backend->seccomp;
	const struct seccomp_profile *profile = container->profile;
	struct wshd_program program;

	*filter = 0;
	if (spawn->seccomp || !profile)
		profile = seccomp_find(
			seccomp, spawn->seccomp ? spawn->seccomp : container->identity.seccomp,
			err);
	if (!profile)
		return -1;
	program = seccomp_get_program(seccomp, profile, container->identity.writable_mounts);
	if (program.fd < 0)
		return 0;
	if (!(container->features & WSHD_TAKES_FILTERS))
		return spawn->seccomp ? warden_error_set(err, "seccomp: %s", SECCOMP_OLD_WSHD) : 0;
	*filter = profile == container->profile ? WSHD_CONFINED : WSHD_OWN_FILTER;
	return profile == container->profile
		       ? 0
		       : wshd_send_job_filter(&container->queue, spawn->job_id, &program, err);
}

static int linux_job_send_spawn(struct linux_container *container, const struct warden_spawn *spawn,
				const struct wshd_group *group, struct warden_error *err)
{
	uint32_t filter;

	if (linux_job_send_filter(container, spawn, &filter, err) < 0)
		return -1;
	linux_job_count(container);
	if (wshd_send_spawn(&container->queue, spawn, group, filter, err) == 0)
		return 0;
	pthread_mutex_lock(&container->mutex);
	if (container->jobs > 0)
		container->jobs--;
	pthread_mutex_unlock(&container->mutex);
	return -1;
}

int linux_spawn(void *data, const struct warden_spawn *spawn, struct warden_error *err)
{
	struct linux_container *container = data;
	struct wshd_group group;
	int result;

	if (linux_job_chown_pipes(container, spawn, err) < 0 ||
	    linux_job_make_group(container, spawn, &group, err) < 0)
		return -1;
	result = linux_job_send_spawn(container, spawn, &group, err);
	wshd_group_close(&group);
	if (result < 0 && linux_job_wants_group(spawn))
		cgroup_job_remove(container->cgroup, spawn->job_id); /* no process has entered it */
	return result;
}

/* A stop that kills forbids forks: that a job could not start then is the work of the stop, not of
 * a limit. The core finds the reason. The mutex is held. */
static void linux_job_blame_stop(const struct linux_container *container,
				 const struct wshd_event *event, struct warden_job_end *end)
{
	if (!event->no_fork || !container->stop.forbids_forks)
		return;
	end->reason = (enum warden_end_reason)0;
	*end->start_error = '\0';
}

/* Runs on the watcher's thread. If a job without its own cgroups died by SIGKILL that wshd did not
 * send, and the container has an OOM kill that is not attributed yet, the kill is attributed to
 * this job. */
void linux_job_complete_end(struct linux_container *container, const struct wshd_event *event,
			    struct warden_job_end *end)
{
	uint64_t kills = 0;

	if (event->own_group)
		kills = cgroup_job_end(container->cgroup, event->job_id, end);
	pthread_mutex_lock(&container->mutex);
	linux_job_blame_stop(container, event, end);
	if (event->own_group && cgroup_counts_below(container->cgroup)) {
		container->oom_kills += kills;
	} else if (end->reason == WARDEN_END_SIGNAL && end->signal == SIGKILL && !event->killed &&
		   cgroup_oom_kills(container->cgroup) > container->oom_kills) {
		container->oom_kills++;
		end->reason = WARDEN_END_MEMORY;
	}
	pthread_mutex_unlock(&container->mutex);
}

int linux_job_close_input(void *data, uint32_t job_id, struct warden_error *err)
{
	struct linux_container *container = data;

	return wshd_send_close_input(&container->queue, job_id, err);
}

int linux_job_resize(void *data, uint32_t job_id, uint16_t rows, uint16_t columns,
		     struct warden_error *err)
{
	struct linux_container *container = data;

	return wshd_send_resize(&container->queue, job_id, rows, columns, err);
}

int linux_job_signal(void *data, uint32_t job_id, int signal, struct warden_error *err)
{
	struct linux_container *container = data;

	return wshd_send_signal(&container->queue, job_id, signal, err);
}

static bool linux_job_list_has(const uint32_t *ids, size_t n, uint32_t id)
{
	for (size_t i = 0; i < n; i++)
		if (ids[i] == id)
			return true;
	return false;
}

/* Removes the cgroups of forgotten jobs that hold no process any more. Runs each time a job is
 * forgotten; the remaining ones are removed with the container. */
static void linux_job_remove_groups(struct linux_container *container, uint32_t job_id)
{
	struct job_groups *groups = &container->job_groups;
	size_t left = 0;
	uint32_t *grown;

	for (size_t i = 0; i < groups->n; i++)
		if (cgroup_job_remove(container->cgroup, groups->ids[i]) < 0)
			groups->ids[left++] = groups->ids[i];
	groups->n = left;
	if (cgroup_job_remove(container->cgroup, job_id) == 0 ||
	    linux_job_list_has(groups->ids, groups->n, job_id))
		return;
	grown = reallocarray(groups->ids, groups->n + 1, sizeof(*grown));
	if (!grown)
		return; /* removed with the container */
	groups->ids = grown;
	groups->ids[groups->n++] = job_id;
}

void linux_job_forget(void *data, uint32_t job_id)
{
	struct linux_container *container = data;
	const struct warden_host *host = container->backend->host;
	struct warden_error err;

	if (wshd_send_forget(&container->queue, job_id, &err) < 0)
		host->log(host, WARDEN_LOG_DEBUG, container->id, "forget job %u: %s", job_id,
			  err.message);
	if (container->job_groups.any)
		linux_job_remove_groups(container, job_id);
}

static bool linux_job_is_restored(const struct warden_restored *restored, uint32_t id)
{
	for (size_t i = 0; i < restored->n_jobs; i++)
		if (restored->jobs[i].job_id == id)
			return true;
	return false;
}

void linux_job_restore_groups(struct linux_container *container,
			      const struct warden_restored *restored)
{
	uint32_t *ids;
	size_t n;

	container->oom_kills = cgroup_oom_kills(container->cgroup);
	cgroup_job_list(container->cgroup, &ids, &n);
	container->job_groups.any = n > 0;
	for (size_t i = 0; i < n; i++)
		if (!linux_job_is_restored(restored, ids[i]))
			linux_job_remove_groups(container, ids[i]);
	free(ids);
}
