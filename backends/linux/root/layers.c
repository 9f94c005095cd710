/* SPDX-License-Identifier: Apache-2.0 */
/* See layers.h. A path is resolved once, into a descriptor, which is used from then on. */
#include "backends/linux/root/layers.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/linux/create/user_namespace.h"
#include "backends/linux/root/mount_api.h"
#include "lib/cleanup.h"
#include "lib/trusted_path.h"

int layers_open_as_client(const struct setup *setup, const char *path, int flags,
			  struct warden_error *err)
{
	const struct setup_parameters *p = &setup->parameters;
	/* In a directory of the client's a container may act with its uid, so links there count as
	 * a container's. */
	const struct trusted_owners owners = {.link_owner = p->client_uid};
	struct warden_error refusal;
	int fd, number;

	if (user_act_as(p->client_uid, p->client_gid, false, err) < 0)
		return -1;
	fd = trusted_path_open(path, flags, &owners, &refusal);
	number = errno;
	if (user_act_as(0, 0, true, err) < 0) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	errno = number;
	if (fd < 0 && refusal.message[0])
		warden_error_set(err, "open %.300s: %s", path, refusal.message);
	else if (fd < 0)
		warden_error_errno(err, "open %s", path);
	return fd;
}

/* The operator's path leads where the operator says. */
static int layers_open_configured(const char *path, struct warden_error *err)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		warden_error_errno(err, "open rootfs %s", path);
	return fd;
}

/* A tree whose owners were shifted for another user namespace cannot be used by the container. */
static void layers_note_owner(struct setup *setup, const char *path, int fd)
{
	struct warden_error note;
	struct stat status;

	if (setup->parameters.base == 0 || fstat(fd, &status) < 0 ||
	    (status.st_uid < ID_RANGE && status.st_gid < ID_RANGE))
		return;
	warden_error_set(&note,
			 "rootfs %.512s belongs to %u:%u, and containers have the ids 0 to %d: "
			 "inside, its files are nobody's; change their owners on the host",
			 path, status.st_uid, status.st_gid, ID_RANGE - 1);
	setup_note(setup, &note);
}

static int layers_open_layer(struct setup *setup, size_t i, struct warden_error *err)
{
	const char *path = setup->layers[i].path;
	const char *configured = setup->backend->host->settings->rootfs_path;
	_cleanup_close_ int fd = -1;

	if (configured && strcmp(path, configured) == 0)
		fd = layers_open_configured(path, err);
	else
		fd = layers_open_as_client(setup, path, O_DIRECTORY, err);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return warden_error_set(err, "rootfs %s not found", path);
	if (fd < 0)
		return -1;
	layers_note_owner(setup, path, fd);
	setup->layer_fds[i] = mount_clone(fd, "", false);
	if (setup->layer_fds[i] < 0)
		return warden_error_errno(err, "copy the mount of rootfs %s", path);
	return 0;
}

int layers_open(struct setup *setup, struct warden_error *err)
{
	for (size_t i = 0; i < setup->parameters.n_layers; i++)
		if (layers_open_layer(setup, i, err) < 0)
			return -1;
	return 0;
}
