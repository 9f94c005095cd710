/* SPDX-License-Identifier: Apache-2.0 */
/* File transfers. Each runs in a process that the spawner forks on the host. The process has a
 * descriptor of the container's root and enters none of the container's namespaces. */
#include "backends/linux/run/linux_transfer.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "backends/files/file_transfer.h"
#include "backends/linux/create/capabilities.h"
#include "backends/linux/create/linux_spawner.h"
#include "backends/linux/linux_operations.h"
#include "backends/linux/run/linux_container.h"
#include "lib/cleanup.h"

#define VCAP_HOME "/home/vcap/"

/* The capabilities to change identity and permissions. CAP_SYS_RESOURCE is excluded: it would
 * exceed disk quotas. */
#define CAPABILITIES                                                                               \
	(CAPABILITY(CAP_CHOWN) | CAPABILITY(CAP_DAC_OVERRIDE) | CAPABILITY(CAP_FOWNER) |           \
	 CAPABILITY(CAP_FSETID) | CAPABILITY(CAP_SETUID) | CAPABILITY(CAP_SETGID))

void linux_transfer_run(const struct linux_backend *backend, int socket, int root_fd, int data_fd)
{
	close(backend->program_fd);
	if (capabilities_keep(CAPABILITIES) < 0)
		_exit(1);
	file_transfer_child_run(socket, root_fd, data_fd);
}

/* Opens the root of the container's first process, which no process inside can replace. */
static int linux_transfer_open_root(const struct linux_container *container,
				    struct warden_error *err)
{
	_cleanup_close_ int fd = -1;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/root", container->init_pid);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return warden_error_errno(err, "open the root of container %s", container->id);
	/* If the process is alive its pid was not reused, so this is its root. */
	if (pidfd_send_signal(container->init_pidfd, 0, NULL, 0) < 0)
		return warden_error_errno(err, "check process 1 of container %s", container->id);
	return take_fd(&fd);
}

int linux_transfer(void *data, const struct warden_transfer *transfer, struct warden_error *err)
{
	struct linux_container *container = data;
	const struct linux_backend *backend = container->backend;
	uint32_t base = container->base;
	uint32_t vcap = base + container->identity.uid;
	struct file_transfer_request request = {
		.inside = {true, vcap, vcap},
		.client = {true, transfer->client_uid, transfer->client_gid},
		/* Only root may set another owner; files of other clients are their own. */
		.owner = {transfer->client_uid == 0, transfer->owner_uid, transfer->owner_gid},
		.guard = {true, base, ID_RANGE, {true, base, base}, {true, vcap, vcap}},
	};
	_cleanup_close_ int root = -1;
	int socket;

	if (file_transfer_fill(&request, transfer, VCAP_HOME, err) < 0)
		return -1;
	root = linux_transfer_open_root(container, err);
	if (root < 0)
		return -1;
	socket = linux_spawner_transfer(backend->spawner, root, transfer->data_fd, err);
	if (socket < 0)
		return -1;
	return file_transfers_add(&container->transfers, transfer->id, socket, &request, err);
}

void linux_transfer_cancel(void *data, uint64_t transfer_id)
{
	struct linux_container *container = data;

	file_transfers_cancel(&container->transfers, transfer_id);
}
