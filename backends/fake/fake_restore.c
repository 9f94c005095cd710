/* SPDX-License-Identifier: Apache-2.0 */
/* Restores a container of an earlier daemon. It is dead only if its wshd has surely ended; as long
 * as that lives and does not answer the container is unreachable. */
#include <unistd.h>

#include "backends/fake/fake.h"
#include "backends/wshd/wshd_client.h"
#include "lib/cleanup.h"

/* How long an ask waits for each message of wshd, in milliseconds. */
enum { PATIENCE_MS = 20 };

/* Returns 1 if wshd has listed its jobs. */
static int fake_restore_list(struct fake_container *container, struct warden_error *err)
{
	uint32_t features = 0; /* nothing here depends on them */

	warden_error_set(err, "wshd does not answer");
	if (container->wshd_fd < 0) {
		container->wshd_fd = wshd_connect(container->dir_fd, err);
		if (container->wshd_fd < 0 ||
		    wshd_list_request(container->wshd_fd, &container->listed, err) < 0)
			return -1;
	}
	return wshd_list_receive(container->wshd_fd, PATIENCE_MS, &container->listed, &features,
				 err);
}

static int fake_restore_watch(struct fake_container *container, struct warden_error *err)
{
	pthread_mutex_t *locked _cleanup_unlock_ = &container->mutex;

	pthread_mutex_lock(locked);
	if (wshd_send_watch(container->wshd_fd, err) < 0)
		return -1;
	return fake_container_watch(container, err);
}

/* Closes a connection that is of no use. */
static void fake_restore_disconnect(struct fake_container *container)
{
	fake_container_unwatch(container);
	wshd_list_free(&container->listed);
	cleanup_close(&container->wshd_fd);
	container->wshd_fd = -1;
}

/* Returns 1 if wshd has answered and is watched. */
static int fake_restore_ask(struct fake_container *container, struct warden_error *err)
{
	int result = fake_restore_list(container, err);

	if (result == 1 && fake_restore_watch(container, err) < 0)
		result = -1;
	if (result < 0)
		fake_restore_disconnect(container);
	return result;
}

int fake_reconnect(void *data, struct warden_restored *restored, struct warden_error *err)
{
	struct fake_container *container = data;
	bool found = fake_init_find(container, err) == 0;
	int answered;

	wshd_list_set_known(&container->listed, restored);
	answered = found ? fake_restore_ask(container, err) : 0;
	wshd_list_set_known(&container->listed, NULL);
	if (answered == 1) {
		restored->alive = true;
		restored->jobs = take_pointer(container->listed.jobs);
		restored->n_jobs = container->listed.n_jobs;
		restored->job_size = container->listed.job_size;
		container->listed.n_jobs = 0;
		return 0;
	}
	restored->unreachable = found ? !fake_init_has_ended(container) : err->number != ESRCH;
	snprintf(restored->reason, sizeof(restored->reason), "%.*s",
		 (int)sizeof(restored->reason) - 1, err->message);
	return 0;
}

int fake_restore(void *data, const struct warden_identity *identity,
		 enum warden_restore_state state, void **found, struct warden_restored *restored,
		 struct warden_error *err)
{
	struct fake_container *container = fake_container_new(data, identity, err);

	if (!container)
		return -1;
	*found = container;
	/* One whose create was not completed is found by destroy. */
	return state == WARDEN_RESTORE_BORN ? 0 : fake_reconnect(container, restored, err);
}
