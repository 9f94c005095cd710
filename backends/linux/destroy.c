/* SPDX-License-Identifier: Apache-2.0 */
/* The ends of a container: for good (destroy), and for a daemon that leaves it alone (detach). */
#include <signal.h>
#include <sys/pidfd.h>

#include "backends/linux/container.h"
#include "backends/linux/operations.h"
#include "backends/linux/remover.h"

/* The end of the first process takes all others of its pid namespace along: when it is told, on the
 * watcher's thread, nothing lives any more, and the rest is the remover's. */
void linux_destroy(void *data)
{
	struct container *container = data;
	struct remover *remover = container->backend->remover;
	bool dead;

	remover_expect(remover);
	pthread_mutex_lock(&container->mutex);
	container->destroying = true;
	dead = container->init_ended || !container->init_watch;
	if (!dead)
		pidfd_send_signal(container->init_pidfd, SIGKILL, NULL, 0); /* ESRCH: it is dying */
	pthread_mutex_unlock(&container->mutex);
	if (dead)
		container_leave(container);
}

void linux_detach(void *data)
{
	struct container *container = data;

	transfers_wait(&container->transfers);
	container_unwatch(container);
	container_free(container);
}
