/* SPDX-License-Identifier: Apache-2.0 */
/* Sends wshd the operations on jobs, and the stop. fake_container.c receives its answers. */
#include "backends/fake/fake.h"
#include "backends/wshd/wshd_client.h"

/* The core has checked limits on memory and processes; without control groups they are not
 * enforced. */
int fake_spawn(void *data, const struct warden_spawn *spawn, struct warden_error *err)
{
	struct fake_container *container = data;
	struct wshd_group none;

	if (fake_user_check(spawn->user, err) < 0)
		return -1;
	wshd_group_init(&none);
	return wshd_send_spawn(&container->queue, spawn, &none, err);
}

int fake_job_close_input(void *data, uint32_t job_id, struct warden_error *err)
{
	struct fake_container *container = data;

	return wshd_send_close_input(&container->queue, job_id, err);
}

int fake_job_resize(void *data, uint32_t job_id, uint16_t rows, uint16_t columns,
		    struct warden_error *err)
{
	struct fake_container *container = data;

	return wshd_send_resize(&container->queue, job_id, rows, columns, err);
}

int fake_job_signal(void *data, uint32_t job_id, int signal, struct warden_error *err)
{
	struct fake_container *container = data;

	return wshd_send_signal(&container->queue, job_id, signal, err);
}

void fake_job_forget(void *data, uint32_t job_id)
{
	struct fake_container *container = data;
	const struct warden_host *host = container->backend->host;
	struct warden_error err;

	/* A job that wshd does not forget costs a little memory and is dropped at the next restart.
	 */
	if (wshd_send_forget(&container->queue, job_id, &err) < 0)
		host->log(host, WARDEN_LOG_WARN, container->id, "%s", err.message);
}

/* If wshd has ended no process is left. */
int fake_stop(void *data, int signal, struct warden_error *err)
{
	struct fake_container *container = data;
	const struct warden_host *host = container->backend->host;
	bool ended;

	pthread_mutex_lock(&container->mutex);
	ended = container->ended;
	pthread_mutex_unlock(&container->mutex);
	if (!ended)
		return wshd_send_stop(&container->queue, signal, err);
	host->container_empty(host, container->id);
	return 0;
}
