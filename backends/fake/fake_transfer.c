/* SPDX-License-Identifier: Apache-2.0 */
/* Transfers of files, as the daemon's user on both sides. */
#include <fcntl.h>

#include "backends/fake/fake.h"
#include "lib/cleanup.h"

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
	socket = fake_spawner_transfer(container->backend, root, transfer->data_fd, err);
	if (socket < 0)
		return -1;
	return file_transfers_add(&container->transfers, transfer->id, socket, &request, err);
}

void fake_transfer_cancel(void *data, uint64_t transfer_id)
{
	struct fake_container *container = data;

	file_transfers_cancel(&container->transfers, transfer_id);
}
