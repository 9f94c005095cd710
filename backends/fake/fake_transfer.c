/* SPDX-License-Identifier: Apache-2.0 */
/* Transfers of files, as the daemon's user on both sides. */
#include <fcntl.h>

#include "backends/fake/fake.h"
#include "lib/cleanup.h"

static void fake_transfer_run(const void *data, int kind, int socket, int root_fd, int data_fd)
{
	(void)data;
	(void)kind; /* there is only one */
	file_transfer_child_run(socket, root_fd, data_fd);
}

int fake_transfer_start_spawner(struct fake_backend *backend, struct warden_error *err)
{
	static const struct spawner_work work = {.keep_fd = -1, .run = fake_transfer_run};

	return spawner_start(&backend->spawner, &work, err);
}

int fake_transfer(void *data, const struct warden_transfer *transfer, struct warden_error *err)
{
	struct fake_container *container = data;
	struct file_transfer_request request = {0};
	_cleanup_close_ int root = -1;
	int socket;

	if (file_transfer_fill(&request, transfer, "/", err) < 0)
		return -1;
	root = openat(container->dir_fd, "root", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (root < 0)
		return warden_error_errno(err, "open the root of container %s", container->id);
	socket = spawner_request(&container->backend->spawner, 0, root, transfer->data_fd, err);
	if (socket < 0)
		return -1;
	return file_transfers_add(&container->transfers, transfer->id, socket, &request, err);
}

void fake_transfer_cancel(void *data, uint64_t transfer_id)
{
	struct fake_container *container = data;

	file_transfers_cancel(&container->transfers, transfer_id);
}
