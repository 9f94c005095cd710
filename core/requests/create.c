/* SPDX-License-Identifier: Apache-2.0 */
/* Create: checks what is asked for, takes the container's share of the pools, then on a worker: its
 * directory and who it is on disk, the backend's create, the snapshot. Only then it is answered.
 * What fails gives everything back. */
#include <config.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/address.h"
#include "core/limits.h"
#include "core/log.h"
#include "core/pool.h"
#include "core/remove.h"
#include "core/request.h"
#include "core/server.h"
#include "core/snapshot.h"
#include "core/text.h"
#include "core/util.h"

enum { HANDLE_MAX = 1024, MOST_BIND_MOUNTS = 1024 };

struct creation {
	struct operation operation;
	struct request *request;
	char *snapshots[2]; /* of a container that is born, and of one that is active */
};

/* A path of the request's: absolute, in one line, since it comes into files of lines. */
static char *take_path(const ProtobufCBinaryData *bytes, const char *field,
		       struct warden_error *err)
{
	char *path = request_text(bytes, field, PATH_MAX - 1, err);

	if (path && (*path != '/' || text_has_control(path, bytes->len))) {
		warden_error_set(err, "%s must be an absolute path without control characters",
				 field);
		free(path);
		return NULL;
	}
	return path;
}

static int take_bind_mount(struct warden_bind_mount *mount,
			   const Warden__CreateRequest__BindMount *asked, struct warden_error *err)
{
	struct stat status;

	if ((int)asked->mode != WARDEN__CREATE_REQUEST__BIND_MOUNT__MODE__RO &&
	    (int)asked->mode != WARDEN__CREATE_REQUEST__BIND_MOUNT__MODE__RW)
		return warden_error_set(err, "bind_mounts.mode must be 0 (RO) or 1 (RW), not %d",
					(int)asked->mode);
	mount->writable = asked->mode == WARDEN__CREATE_REQUEST__BIND_MOUNT__MODE__RW;
	mount->src_path = take_path(&asked->src_path, "bind_mounts.src_path", err);
	if (!mount->src_path)
		return -1;
	mount->dst_path = take_path(&asked->dst_path, "bind_mounts.dst_path", err);
	if (!mount->dst_path)
		return -1;
	/* The backend opens it with the client's rights; this is for a backend that mounts nothing.
	 */
	if (stat(mount->src_path, &status) < 0 && (errno == ENOENT || errno == ENOTDIR))
		return warden_error_set(err, "Source path for bind mount does not exist: %s",
					mount->src_path);
	return 0;
}

static int take_bind_mounts(struct container *c, const Warden__CreateRequest *asked,
			    struct warden_error *err)
{
	if (asked->n_bind_mounts > MOST_BIND_MOUNTS)
		return warden_error_set(err, "%zu bind_mounts, at most %d are allowed",
					asked->n_bind_mounts, MOST_BIND_MOUNTS);
	c->bind_mounts = calloc(asked->n_bind_mounts + 1, sizeof(*c->bind_mounts));
	if (!c->bind_mounts)
		return warden_error_set(err, "no memory for the bind mounts");
	for (size_t i = 0; i < asked->n_bind_mounts; i++) {
		c->n_bind_mounts++; /* so that half of one is freed as well */
		if (take_bind_mount(&c->bind_mounts[i], asked->bind_mounts[i], err) < 0)
			return -1;
	}
	return 0;
}

static int take_rootfs(struct container *c, const Warden__CreateRequest *asked,
		       struct warden_error *err)
{
	const struct server *server = c->server;
	struct stat status;

	if (asked->has_rootfs && asked->rootfs.len > 0)
		c->rootfs = take_path(&asked->rootfs, "rootfs", err);
	else
		c->rootfs = strdup(server->settings.rootfs_path);
	if (!c->rootfs)
		return asked->has_rootfs ? -1 : warden_error_set(err, "no memory");
	if (!server->klass->needs_rootfs && !(asked->has_rootfs && asked->rootfs.len > 0))
		return 0;
	if (stat(c->rootfs, &status) < 0 || !S_ISDIR(status.st_mode))
		return warden_error_set(err, "rootfs %s not found", c->rootfs);
	return 0;
}

static int take_network(struct container *c, const Warden__CreateRequest *asked,
			struct warden_error *err)
{
	struct server *server = c->server;
	uint64_t now = uv_now(&server->loop);
	struct in_addr address;
	uint32_t network;
	char *text;
	bool valid;

	if (!asked->has_network || asked->network.len == 0) {
		if (pool_take(server->networks, now, &network) < 0)
			return warden_error_set(err, "Could not acquire network");
	} else {
		text = request_text(&asked->network, "network", INET_ADDRSTRLEN, err);
		if (!text)
			return -1;
		valid = address_parse(text, &network);
		if (!valid)
			warden_error_set(err, "network must be an IPv4 address, not '%s'", text);
		free(text);
		if (!valid)
			return -1;
		network &= ~3U;
		address.s_addr = htonl(network);
		if (pool_take_value(server->networks, now, network) < 0) {
			char name[INET_ADDRSTRLEN];

			inet_ntop(AF_INET, &address, name, sizeof(name));
			return warden_error_set(err, "Could not acquire network: %s", name);
		}
	}
	address.s_addr = htonl(network);
	c->owns_network = true;
	identity_set_network(&c->identity, address);
	return 0;
}

static int take_ids(struct container *c, struct warden_error *err)
{
	struct server *server = c->server;
	uint64_t now = uv_now(&server->loop);

	if (pool_take(server->uids, now, &c->identity.uid) < 0)
		return warden_error_set(err, "no uid available");
	c->owns_uid = true;
	if (pool_take(server->slots, now, &c->identity.slot) < 0)
		return warden_error_set(err, "no uid available");
	c->owns_slot = true;
	return 0;
}

static uint32_t grace_time(const struct server *server, const Warden__CreateRequest *asked)
{
	int64_t configured = server->config->server.container_grace_time;

	if (asked->has_grace_time)
		return asked->grace_time; /* -1 comes as GRACE_NEVER */
	return configured < 0 || configured > UINT32_MAX ? GRACE_NEVER : (uint32_t)configured;
}

/* The container in memory, with all that it takes from others. */
static struct container *prepare(struct request *request, struct warden_error *err)
{
	const Warden__CreateRequest *asked = (const void *)request->message;
	struct server *server = request->server;
	struct container *c;
	char *handle = NULL;

	if (asked->has_handle && asked->handle.len > 0) {
		handle = request_text(&asked->handle, "handle", HANDLE_MAX, err);
		if (!handle)
			return NULL;
	}
	if (handle && registry_find_handle(&server->registry, handle)) {
		warden_error_set(err, "container with handle: %s already exists.", handle);
		free(handle);
		return NULL;
	}
	c = container_new(server, NULL, handle);
	free(handle);
	if (!c) {
		warden_error_set(err, "no memory for a container");
		return NULL;
	}
	c->grace_time = grace_time(server, asked);
	c->client_uid = request->connection->uid;
	c->client_gid = request->connection->gid;
	if (asprintf(&c->path, "%s/%s", server->settings.depot_path, c->id) < 0) {
		c->path = NULL;
		warden_error_set(err, "no memory for a path");
	} else if (take_rootfs(c, asked, err) == 0 && take_bind_mounts(c, asked, err) == 0 &&
		   take_network(c, asked, err) == 0 && take_ids(c, err) == 0) {
		c->identity.path = c->path;
		return c;
	}
	container_free(c);
	return NULL;
}

/* Worker thread: the directory, never one that is there, and what must be in it. */
static int make_directory(struct container *c, struct warden_error *err)
{
	static const char *const parts[] = {"etc", "run"};

	if (mkdirat(c->server->depot_fd, c->id, 0700) < 0)
		return warden_error_errno(err, "make %s", c->path);
	c->dir_fd =
		openat(c->server->depot_fd, c->id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (c->dir_fd < 0)
		return warden_error_errno(err, "open %s", c->path);
	c->identity.dir_fd = c->dir_fd;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (mkdirat(c->dir_fd, parts[i], 0700) < 0)
			return warden_error_errno(err, "make %s/%s", c->path, parts[i]);
	return identity_write(c, err);
}

static void remove_directory(struct container *c)
{
	struct warden_error err;

	/* The next daemon removes what is left. */
	if (remove_tree(c->server->depot_fd, c->id, &err) < 0)
		log_write(WARDEN_LOG_ERROR, "%s: %s", c->id, err.message);
}

static int make_container(struct creation *creation, struct warden_error *err)
{
	struct container *c = creation->operation.container;
	struct server *server = c->server;
	const struct warden_create parameters = {
		.identity = c->identity,
		.rootfs_path = c->rootfs,
		.bind_mounts = c->bind_mounts,
		.n_bind_mounts = c->n_bind_mounts,
		.client_uid = c->client_uid,
		.client_gid = c->client_gid,
	};

	if (snapshot_write(c, creation->snapshots[0], err) < 0 ||
	    server->klass->create(server->backend, &parameters, &c->backend, err) < 0)
		return -1;
	if (limits_apply(c, err) == 0 && snapshot_write(c, creation->snapshots[1], err) == 0)
		return 0;
	/* A limit that is refused, a full disk: the daemon destroys it as any other. */
	c->alive = true;
	return -1;
}

/* Worker thread. */
static int create_run(struct operation *operation, struct warden_error *err)
{
	struct creation *creation = (struct creation *)operation;
	struct container *c = operation->container;
	struct server *server = c->server;

	if (server->klass->admit && server->klass->admit(server->backend, NULL, "create", err) < 0)
		return -1;
	if (make_directory(c, err) == 0 && make_container(creation, err) == 0)
		return 0;
	if (!c->backend && c->dir_fd >= 0)
		remove_directory(c);
	return -1;
}

static void succeed(struct creation *creation)
{
	struct container *c = creation->operation.container;
	Warden__CreateResponse answer = WARDEN__CREATE_RESPONSE__INIT;
	struct request *request = creation->request;

	c->state = STATE_ACTIVE;
	c->alive = true;
	c->created_serial = c->server->last_serial;
	registry_list(&c->server->registry, c);
	log_write(WARDEN_LOG_INFO, "%s: created, handle %s", c->id, c->handle);
	if (request->connection)
		container_reference(c, request->connection);
	grace_update(c);
	answer.handle.data = (uint8_t *)c->handle;
	answer.handle.len = strlen(c->handle);
	request_answer(request, &answer.base);
}

static void create_done(struct operation *operation, int result, struct warden_error *err)
{
	struct creation *creation = (struct creation *)operation;
	struct container *c = operation->container;

	free(creation->snapshots[0]);
	free(creation->snapshots[1]);
	if (result == 0) {
		succeed(creation);
	} else if (c->backend) {
		request_fail(creation->request, err);
		container_discard(c);
	} else {
		/* First, so that whoever reads the answer finds the handle free. */
		registry_remove(&c->server->registry, c);
		container_free(c);
		request_fail(creation->request, err);
	}
	free(creation);
}

static bool make_snapshots(struct creation *creation, struct container *c)
{
	creation->snapshots[0] = snapshot_text(c);
	c->state = STATE_ACTIVE;
	creation->snapshots[1] = snapshot_text(c);
	c->state = STATE_BORN;
	return creation->snapshots[0] && creation->snapshots[1];
}

static int create_begin(struct request *request, struct warden_error *err)
{
	struct container *c = prepare(request, err);
	struct creation *creation = c ? calloc(1, sizeof(*creation)) : NULL;

	if (!c)
		return -1;
	if (!creation || !make_snapshots(creation, c)) {
		if (creation)
			free(creation->snapshots[0]);
		free(creation);
		container_free(c);
		return warden_error_set(err, "no memory for a container");
	}
	registry_add(&c->server->registry, c);
	creation->request = request;
	creation->operation.run = create_run;
	creation->operation.done = create_done;
	container_queue(c, &creation->operation);
	return 0;
}

const struct request_klass create_request = {
	.type = WARDEN__MESSAGE__TYPE__Create,
	.name = "create",
	.message = &warden__create_request__descriptor,
	.run = create_begin,
};
