/* SPDX-License-Identifier: Apache-2.0 */
/* Create: checks what is asked for (create_options.c, create_mounts.c), takes the container's share
 * of the pools, then on a worker: its directory and who it is on disk, the backend's create, the
 * snapshot. Only then it is answered. What fails gives everything back. */
#include <config.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/container/create_mounts.h"
#include "core/container/image_defaults.h"
#include "core/limits/limits.h"
#include "core/log.h"
#include "core/pools/pool.h"
#include "core/server.h"
#include "core/state/idempotence.h"
#include "core/state/journal.h"
#include "core/state/snapshot.h"
#include "core/wire/request.h"
#include "lib/address.h"
#include "lib/cleanup.h"
#include "lib/clock.h"
#include "lib/remove_tree.h"

enum { HANDLE_MAX = 1024 };

struct creation {
	struct operation operation;
	struct request *request;
	struct idempotent *entry; /* NULL: it has no request_id */
	struct warden_create parameters;
	bool waiting; /* for the backend, which goes on by itself */
	bool ended;   /* that has ended; why it failed is in the operation's `err` */
};

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

/* The handle that is asked for; NULL in `*handle`: none. */
static int take_handle(const struct request *request, char **handle, struct warden_error *err)
{
	const Warden__CreateRequest *asked = (const void *)request->message;

	*handle = NULL;
	if (!asked->has_handle || asked->handle.len == 0)
		return 0;
	*handle = request_text(&asked->handle, "handle", HANDLE_MAX, err);
	if (!*handle)
		return -1;
	if (!registry_find_handle(&request->server->registry, *handle))
		return 0;
	warden_error_set(err, "container with handle: %s already exists.", *handle);
	free(*handle);
	return -1;
}

static int take_all(struct container *c, struct request *request, struct warden_error *err)
{
	const Warden__CreateRequest *asked = (const void *)request->message;
	struct server *server = request->server;

	c->grace_time = grace_time(server, asked);
	c->client_uid = request->connection->uid;
	c->client_gid = request->connection->gid;
	c->nested = server->settings.allow_nested_warden;
	if (asprintf(&c->path, "%s/%s", server->settings.depot_path, c->id) < 0) {
		c->path = NULL;
		return warden_error_set(err, "no memory for a path");
	}
	c->identity.path = c->path;
	if (limits_from_message(&c->limits, server, asked->limits, err) < 0 ||
	    create_options_take(&c->options, asked, err) < 0 ||
	    create_mounts_take(c, asked, err) < 0 || take_network(c, asked, err) < 0)
		return -1;
	return take_ids(c, err);
}

/* The container in memory, with all that it takes from others. */
static struct container *prepare(struct request *request, struct warden_error *err)
{
	struct container *c;
	char *handle;

	if (take_handle(request, &handle, err) < 0)
		return NULL;
	c = container_new(request->server, NULL, handle);
	free(handle);
	if (!c) {
		warden_error_set(err, "no memory for a container");
		return NULL;
	}
	if (take_all(c, request, err) == 0)
		return c;
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

static void fill_parameters(struct warden_create *parameters, const struct container *c)
{
	*parameters = (struct warden_create){
		.identity = c->identity,
		.rootfs_path = c->rootfs,
		.layers = (const char *const *)c->options.layers,
		.n_layers = c->options.n_layers,
		.tmpfs_bytes = c->options.tmpfs_bytes,
		.tmpfs_inodes = c->options.tmpfs_inodes,
		.hostname = c->options.hostname,
		.hosts = c->options.hosts,
		.n_hosts = c->options.n_hosts,
		.dns_servers = (const char *const *)c->options.dns_servers,
		.shm_bytes = c->options.shm_bytes,
		.bind_mounts = c->bind_mounts,
		.n_bind_mounts = c->n_bind_mounts,
		.client_uid = c->client_uid,
		.client_gid = c->client_gid,
	};
}

/* Worker thread. What a half-made container leaves is the backend's to know, so its identity and a
 * snapshot are there before that is asked. */
static int create_run(struct operation *operation, struct warden_error *err)
{
	struct creation *creation = (struct creation *)operation;
	struct container *c = operation->container;
	struct server *server = c->server;

	if (server->container_klass->admit &&
	    server->container_klass->admit(server->backend, NULL, "create", err) < 0)
		return -1;
	if (image_defaults_read(c, err) < 0 || make_directory(c, err) < 0 ||
	    snapshot_store(operation, err) < 0)
		return -1;
	fill_parameters(&creation->parameters, c);
	return server->container_klass->create(server->backend, &creation->parameters, &c->backend,
					       err);
}

/* Worker thread: what of a failed create is on disk, or what a good one still needs. */
static int finish_run(struct operation *operation, struct warden_error *err)
{
	struct container *c = operation->container;

	if (c->backend)
		return limits_apply(c, err) < 0 ? -1 : snapshot_store(operation, err);
	if (c->dir_fd >= 0)
		remove_directory(c);
	return -1;
}

static Warden__CreateResponse answer_of(const struct container *c)
{
	Warden__CreateResponse answer = WARDEN__CREATE_RESPONSE__INIT;

	answer.handle.data = (uint8_t *)c->handle;
	answer.handle.len = strlen(c->handle);
	return answer;
}

/* The same again: it uses the container as if it had created it. */
static void create_again(struct request *request, struct container *c,
			 const ProtobufCMessage *answer)
{
	if (request->connection)
		container_reference(c, request->connection);
	request_answer(request, answer);
}

static void succeed(struct creation *creation)
{
	struct container *c = creation->operation.container;
	Warden__CreateResponse answer = answer_of(c);
	struct request *request = creation->request;

	c->state = STATE_ACTIVE;
	c->alive = true;
	c->created_serial = c->server->last_serial;
	registry_list(&c->server->registry, c);
	journal_container(c, WARDEN__EVENTS_RESPONSE__KIND__CREATED, NULL);
	log_write(WARDEN_LOG_INFO, "%s: created, handle %s", c->id, c->handle);
	if (request->connection)
		container_reference(c, request->connection);
	idempotence_keep(creation->entry);
	grace_update(c);
	ttl_start(c);
	request_answer(request, &answer.base);
}

static void fail(struct creation *creation, const struct warden_error *err)
{
	struct container *c = creation->operation.container;
	bool made = c->backend != NULL;

	/* A limit that is refused, a full disk: it is destroyed as any other. */
	c->alive = made;
	/* First, so that whoever reads the answer finds the handle free. */
	if (!made) {
		registry_remove(&c->server->registry, c);
		container_free(c);
	} else {
		registry_forget_handle(&c->server->registry, c);
	}
	idempotence_fail(creation->entry, err);
	request_fail(creation->request, err);
	if (made)
		container_discard(c);
}

static void finish_done(struct operation *operation, int result, struct warden_error *err)
{
	struct creation *creation = (struct creation *)operation;
	struct server *server = operation->container->server;

	operation->container->creation = NULL;
	if (result == 0)
		succeed(creation);
	else
		fail(creation, err);
	free(creation);
	server->creating--;
	server->drain_step(server);
}

static void finish(struct creation *creation)
{
	struct operation *operation = &creation->operation;
	struct container *c = operation->container;

	c->created_us = clock_now_us();
	c->created_clock_us = ttl_clock_us();
	operation->snapshot = snapshot_text_as(c, STATE_ACTIVE);
	operation->make_snapshot = NULL;
	operation->run = finish_run;
	operation->done = finish_done;
	container_queue(c, operation);
}

static void create_done(struct operation *operation, int result, struct warden_error *err)
{
	struct creation *creation = (struct creation *)operation;

	(void)err; /* stays in the operation */
	creation->waiting = result > 0;
	if (!creation->waiting || creation->ended)
		finish(creation);
}

/* May come before create_done: the backend's thread and the worker race each other. */
void create_event(struct container *c, void *backend, const char *error)
{
	struct creation *creation = c->creation;

	if (!creation || creation->ended)
		return;
	creation->ended = true;
	c->backend = backend;
	if (!backend)
		warden_error_set(&creation->operation.err, "%s", error ? error : "no memory");
	if (creation->waiting)
		finish(creation);
}

/* Begins for good; from here on create_done answers. */
static int start(struct request *request, struct idempotent *entry, struct warden_error *err)
{
	struct container *c = prepare(request, err);
	struct creation *creation = c ? calloc(1, sizeof(*creation)) : NULL;
	Warden__CreateResponse answer;

	if (!c)
		return -1;
	answer = answer_of(c);
	if (!creation || idempotence_promise(entry, c, &answer.base, err) < 0) {
		free(creation);
		container_free(c);
		return warden_error_set(err, "no memory for a container");
	}
	registry_add(&c->server->registry, c);
	creation->request = request;
	creation->entry = entry;
	c->creation = creation;
	c->server->creating++;
	creation->operation.make_snapshot = snapshot_text;
	creation->operation.run = create_run;
	creation->operation.done = create_done;
	container_queue(c, &creation->operation);
	return 0;
}

static int create_begin(struct request *request, struct warden_error *err)
{
	static const struct idempotence_use use = {&warden__create_response__descriptor,
						   create_again};
	const Warden__CreateRequest *asked = (const void *)request->message;
	struct idempotent *entry;

	switch (idempotence_begin(request, asked->has_request_id ? &asked->request_id : NULL, &use,
				  &entry, err)) {
	case 0:
		break;
	case 1:
		return 0;
	default:
		return -1;
	}
	if (start(request, entry, err) == 0)
		return 0;
	idempotence_fail(entry, err);
	return -1;
}

const struct request_handler create_request = {
	.type = WARDEN__MESSAGE__TYPE__Create,
	.name = "create",
	.message = &warden__create_request__descriptor,
	.run = create_begin,
};
