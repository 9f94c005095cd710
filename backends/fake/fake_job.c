/* SPDX-License-Identifier: Apache-2.0 */
/* Sends wshd the operations on jobs, and the stop. fake_container.c receives its answers. */
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "backends/fake/fake.h"
#include "backends/wshd/wshd_client.h"
#include "lib/cleanup.h"
#include "lib/process_tree.h"

/* Rounds of SIGKILL in one operation. The core sends the signal again if they do not suffice. */
enum { KILL_ROUNDS = 12 };

/* The core has checked limits on memory and processes; without control groups they are not
 * enforced. */
int fake_spawn(void *data, const struct warden_spawn *spawn, struct warden_error *err)
{
	struct fake_container *container = data;
	struct wshd_group none;

	if (fake_user_check(spawn->user, err) < 0 ||
	    fake_user_check_profile(spawn->seccomp, err) < 0)
		return -1;
	wshd_group_init(&none);
	return wshd_send_spawn(&container->queue, spawn, &none, 0, err);
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

/* Kills the descendants of wshd, its keepers too: wshd does not read its messages. Returns whether
 * none is left. */
static bool fake_stop_kill_all(const struct fake_container *container)
{
	_cleanup_close_ int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int n = -1;

	for (unsigned round = 0; proc_fd >= 0 && n != 0 && round < KILL_ROUNDS; round++) {
		struct timespec pause = {.tv_nsec = process_tree_pause(round) * 1000000L};

		n = process_tree_kill(proc_fd, container->pid, round, NULL, NULL);
		if (n != 0)
			nanosleep(&pause, NULL); /* a signal shortens it */
	}
	return n == 0;
}

/* wshd kills first, as it reports how the jobs ended. If somebody has stopped it, it continues. */
static int fake_stop_kill(struct fake_container *container, struct warden_error *err)
{
	const struct warden_host *host = container->backend->host;
	bool again = container->killed;

	container->killed = true;
	syscall(SYS_pidfd_send_signal, container->pidfd, SIGCONT, NULL, 0); /* ESRCH: it ended */
	if (again && fake_stop_kill_all(container)) {
		host->container_empty(host, container->id);
		return 0;
	}
	return wshd_send_stop(&container->queue, SIGKILL, err);
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
	if (!ended && signal == SIGKILL && container->pidfd >= 0)
		return fake_stop_kill(container, err);
	container->killed = false;
	if (!ended)
		return wshd_send_stop(&container->queue, signal, err);
	host->container_empty(host, container->id);
	return 0;
}
