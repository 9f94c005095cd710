/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs: all that is done about them is to tell wshd. What it tells is taken in container.c. */
#include <unistd.h>

#include "backends/common/util.h"
#include "backends/common/wshd_client.h"
#include "backends/linux/container.h"
#include "backends/linux/operations.h"

/* A job may open its own streams anew (/dev/stdout), so its pipes are its user's: they go to root
 * of the container, who alone knows that user and passes them on. Both ends are one inode. */
static int give_pipes(const struct container *container, const struct warden_spawn *spawn,
		      struct warden_error *err)
{
	uint32_t id = container->base;
	const int pipes[] = {spawn->stdout_write_fd, spawn->stderr_write_fd, spawn->stdin_read_fd};

	for (size_t i = 0; i < ARRAY_SIZE(pipes); i++)
		if (pipes[i] >= 0 && fchown(pipes[i], id, id) < 0)
			return warden_error_errno(err, "give the pipes of job %u to user %u",
						  spawn->job_id, id);
	return 0;
}

int linux_spawn(void *data, const struct warden_spawn *spawn, struct warden_error *err)
{
	struct container *container = data;

	if (spawn->own_cgroup || spawn->no_swap)
		return warden_error_set(err, "%s: this version has no control groups for jobs",
					spawn->no_swap ? "no_swap" : "own_cgroup");
	if (give_pipes(container, spawn, err) < 0)
		return -1;
	/* Counted before: its end may be told before we are back. */
	pthread_mutex_lock(&container->mutex);
	container->jobs++;
	pthread_mutex_unlock(&container->mutex);
	if (wshd_send_spawn(container->wshd_fd, spawn, err) == 0)
		return 0;
	pthread_mutex_lock(&container->mutex);
	if (container->jobs > 0)
		container->jobs--;
	pthread_mutex_unlock(&container->mutex);
	return -1;
}

int linux_job_close_input(void *data, uint32_t job_id, struct warden_error *err)
{
	struct container *container = data;

	return wshd_send_close_input(container->wshd_fd, job_id, err);
}

int linux_job_resize(void *data, uint32_t job_id, uint16_t rows, uint16_t columns,
		     struct warden_error *err)
{
	struct container *container = data;

	return wshd_send_resize(container->wshd_fd, job_id, rows, columns, err);
}

int linux_job_signal(void *data, uint32_t job_id, int signal, struct warden_error *err)
{
	struct container *container = data;

	return wshd_send_signal(container->wshd_fd, job_id, signal, err);
}

void linux_job_forget(void *data, uint32_t job_id)
{
	struct container *container = data;
	const struct warden_host *host = container->backend->host;
	struct warden_error err;

	if (wshd_send_forget(container->wshd_fd, job_id, &err) < 0)
		host->log(host, WARDEN_LOG_DEBUG, container->id, "forget job %u: %s", job_id,
			  err.message);
}
