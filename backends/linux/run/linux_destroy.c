/* SPDX-License-Identifier: Apache-2.0 */
/* Destroy, and detach: the daemon exits and leaves the container running. */
#include <signal.h>
#include <sys/pidfd.h>

#include "backends/linux/firewall/firewall.h"
#include "backends/linux/linux_operations.h"
#include "backends/linux/run/cleanup_thread.h"
#include "backends/linux/run/linux_container.h"
#include "lib/trace.h"

/* The core reuses the host ports as soon as destroy returns, unless a wait is reported. */
static void linux_destroy_remove_rules(struct linux_container *container)
{
	const struct warden_host *host = container->backend->host;
	const struct warden_rules none = {0};
	struct warden_error err;

	if (firewall_set_rules(container->backend->firewall, &container->identity, &none, &err) < 0)
		host->waits_for(host, container->id, err.message); /* tried again at the end */
}

/* Kills the first process; the kernel then kills all others of its pid namespace before it reports
 * the exit. The watcher's thread sees the exit and passes the container to the cleanup thread. */
void linux_destroy(void *data)
{
	struct linux_container *container = data;
	struct cleanup_thread *cleanup = container->backend->cleanup;
	const struct warden_host *host = container->backend->host;
	struct warden_error err; /* ignored: the cleanup thread kills by the cgroups, too */
	bool dead;

	container->trace = trace_new(host->settings->trace);
	cleanup_thread_announce(cleanup, container);
	linux_restore_find(container, &err);
	linux_destroy_remove_rules(container);
	trace_step(container->trace, "destroy", "rules", container->id);
	pthread_mutex_lock(&container->mutex);
	container->destroying = true;
	dead = container->init_ended || !container->init_watch;
	if (!dead)
		pidfd_send_signal(container->init_pidfd, SIGKILL, NULL, 0); /* ESRCH: it is dead */
	linux_pause_end(container); /* with the v1 freezer a frozen process does not die */
	pthread_mutex_unlock(&container->mutex);
	if (!dead)
		return;
	host->processes_ended(host, container->id);
	linux_container_queue_cleanup(container);
}

void linux_detach(void *data)
{
	struct linux_container *container = data;

	file_transfers_wait(&container->transfers);
	wshd_queue_catch_up(&container->queue);
	linux_container_unwatch(container);
	linux_container_free(container);
}
