/* SPDX-License-Identifier: Apache-2.0 */
/* Restores a container of an earlier daemon. */
#include <unistd.h>

#include "backends/fake/fake.h"
#include "backends/wshd/wshd_client.h"
#include "lib/cleanup.h"

/* How long wshd may take to list its jobs, in milliseconds. */
enum { LIST_MS = 2000 };

static int fake_restore_connect(struct fake_container *container, struct warden_restored *restored,
				struct warden_error *err)
{
	pthread_mutex_t *locked _cleanup_unlock_ = &container->mutex;

	pthread_mutex_lock(locked);
	container->wshd_fd = wshd_connect(container->dir_fd, err);
	if (container->wshd_fd < 0 || wshd_list(container->wshd_fd, LIST_MS, restored, err) < 0)
		return -1;
	if (wshd_send_watch(container->wshd_fd, err) < 0)
		return -1;
	return fake_container_watch(container, err);
}

int fake_restore(void *data, const struct warden_identity *identity,
		 enum warden_restore_state state, void **found, struct warden_restored *restored,
		 struct warden_error *err)
{
	struct fake_backend *backend = data;
	struct fake_container *container = fake_container_new(backend, identity, err);
	struct warden_error why;

	if (!container)
		return -1;
	*found = container;
	fake_init_find(container);
	if (state == WARDEN_RESTORE_BORN || container->pidfd < 0)
		return 0; /* the core destroys it */
	if (fake_restore_connect(container, restored, &why) == 0) {
		restored->alive = true;
		return 0;
	}
	backend->host->log(backend->host, WARDEN_LOG_WARN, container->id, "%s", why.message);
	fake_container_unwatch(container);
	wshd_list_free(restored);
	restored->alive = false;
	return 0;
}
