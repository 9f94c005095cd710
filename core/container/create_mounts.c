/* SPDX-License-Identifier: Apache-2.0 */
/* See create_mounts.h. The backend checks every path again when it uses it. */
#include <config.h>

#include "core/container/create_mounts.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "core/container/container_subject.h"
#include "core/server.h"

enum { BIND_MOUNTS_MAX = 1024 };

static int create_mounts_take_bind_mount(struct warden_bind_mount *mount,
					 const Warden__CreateRequest__BindMount *asked,
					 struct warden_error *err)
{
	struct stat status;

	if ((int)asked->mode != WARDEN__CREATE_REQUEST__BIND_MOUNT__MODE__RO &&
	    (int)asked->mode != WARDEN__CREATE_REQUEST__BIND_MOUNT__MODE__RW)
		return warden_error_set(err, "bind_mounts.mode must be 0 (RO) or 1 (RW), not %d",
					(int)asked->mode);
	mount->writable = asked->mode == WARDEN__CREATE_REQUEST__BIND_MOUNT__MODE__RW;
	mount->src_path = create_take_path(&asked->src_path, "bind_mounts.src_path", err);
	if (!mount->src_path)
		return -1;
	mount->dst_path = create_take_path(&asked->dst_path, "bind_mounts.dst_path", err);
	if (!mount->dst_path)
		return -1;
	/* The backend opens the source with the client's rights; this check serves backends without
	 * mounts. */
	if (stat(mount->src_path, &status) < 0 && (errno == ENOENT || errno == ENOTDIR))
		return warden_error_set(err, "Source path for bind mount does not exist: %s",
					mount->src_path);
	return 0;
}

static int create_mounts_take_bind_mounts(struct container *c, const Warden__CreateRequest *asked,
					  struct warden_error *err)
{
	if (asked->n_bind_mounts > BIND_MOUNTS_MAX)
		return warden_error_set(err, "%zu bind_mounts, at most %d are allowed",
					asked->n_bind_mounts, BIND_MOUNTS_MAX);
	c->bind_mounts = calloc(asked->n_bind_mounts + 1, sizeof(*c->bind_mounts));
	if (!c->bind_mounts)
		return warden_error_set(err, "no memory for the bind mounts");
	for (size_t i = 0; i < asked->n_bind_mounts; i++) {
		c->n_bind_mounts++; /* a mount that is half filled is freed as well */
		if (create_mounts_take_bind_mount(&c->bind_mounts[i], asked->bind_mounts[i], err) <
		    0)
			return -1;
	}
	return 0;
}

static int create_mounts_check_directory(const char *field, const char *path,
					 struct warden_error *err)
{
	struct stat status;

	if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
		return 0;
	return warden_error_set(err, "%s %s not found", field, path);
}

/* The topmost layer is reported as the rootfs. */
static int create_mounts_take_layers(struct container *c, struct warden_error *err)
{
	for (size_t i = 0; i < c->options.n_layers; i++)
		if (create_mounts_check_directory("layers", c->options.layers[i], err) < 0)
			return -1;
	c->rootfs = strdup(c->options.layers[0]);
	return c->rootfs ? 0 : warden_error_set(err, "no memory for a path");
}

static int create_mounts_take_rootfs(struct container *c, const Warden__CreateRequest *asked,
				     struct warden_error *err)
{
	const struct server *server = c->server;
	bool given = asked->has_rootfs && asked->rootfs.len > 0;

	if (c->options.n_layers > 0)
		return create_mounts_take_layers(c, err);
	if (given)
		c->rootfs = create_take_path(&asked->rootfs, "rootfs", err);
	else
		c->rootfs = strdup(server->settings.rootfs_path);
	if (!c->rootfs)
		return given ? -1 : warden_error_set(err, "no memory for a path");
	if (!given && !server->container_klass->needs_rootfs)
		return 0;
	return create_mounts_check_directory("rootfs", c->rootfs, err);
}

int create_mounts_take(struct container *c, const Warden__CreateRequest *asked,
		       struct warden_error *err)
{
	if (create_mounts_take_rootfs(c, asked, err) < 0)
		return -1;
	return create_mounts_take_bind_mounts(c, asked, err);
}

static void create_mounts_release(struct container *c)
{
	for (size_t i = 0; i < c->n_bind_mounts; i++) {
		free((char *)c->bind_mounts[i].src_path);
		free((char *)c->bind_mounts[i].dst_path);
	}
	free(c->bind_mounts);
	free(c->rootfs);
}

const struct container_subject create_mounts_subject = {
	.release = create_mounts_release,
};
