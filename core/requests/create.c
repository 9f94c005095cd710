/* SPDX-License-Identifier: Apache-2.0 */
/* Create: checks the options (create_options.c, create_mounts.c) and takes a network, uid and slot
 * from the pools (create_room.c). A worker then writes the container's directory and identity,
 * calls the backend's create and writes the snapshot. Only then the request is answered. A failure
 * undoes all of it.
 *
 * If a container of the shape is prepared (prepared.h) the create takes it over instead
 * (create_adopt.c). */
#include <config.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/backend/backend_call.h"
#include "core/container/create_mounts.h"
#include "core/container/image_defaults.h"
#include "core/container/prepared.h"
#include "core/container/prepared_source.h"
#include "core/limits/limits.h"
#include "core/log.h"
#include "core/requests/creation.h"
#include "core/server.h"
#include "core/state/idempotence.h"
#include "core/state/journal.h"
#include "core/state/snapshot.h"
#include "core/wire/request.h"
#include "lib/cleanup.h"
#include "lib/clock.h"
#include "lib/hostname.h"
#include "lib/remove_tree.h"
#include "lib/trace.h"

enum { HANDLE_MAX = 1024, HANDLE_HOSTNAME_MAX = 63, ID_TRIES = 16 };

static uint32_t create_grace_time(const struct server *server, const Warden__CreateRequest *asked)
{
	int64_t configured = server->config->server.container_grace_time;

	if (asked->has_grace_time)
		return asked->grace_time; /* -1 arrives as GRACE_NEVER */
	return configured < 0 || configured > UINT32_MAX ? GRACE_NEVER : (uint32_t)configured;
}

/* The requested handle, malloc'd, in `*handle`; NULL: none. Fails if it is in use. */
static int create_take_handle(const struct request *request, char **handle,
			      struct warden_error *err)
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

/* A container without a host name has its handle as one, if that can be a single machine's. */
static int create_name_host(struct container *c, struct warden_error *err)
{
	if (c->options.hostname || strcmp(c->handle, c->id) == 0 ||
	    strlen(c->handle) > HANDLE_HOSTNAME_MAX || !hostname_is_valid(c->handle) ||
	    strcasecmp(c->handle, "localhost") == 0)
		return 0;
	c->options.hostname = strdup(c->handle);
	return c->options.hostname ? 0 : warden_error_errno(err, "store the host name");
}

/* Takes all but the share of the pools from a request of a client. */
static int create_take_options(struct container *c, const Warden__CreateRequest *asked,
			       struct warden_error *err)
{
	struct server *server = c->server;

	c->grace_time = create_grace_time(server, asked);
	c->nested = server->settings.allow_nested_warden;
	c->options.knows_no_new_privs = true;
	c->options.no_new_privs =
		asked->has_no_new_privs ? asked->no_new_privs : server->config->server.no_new_privs;
	if (!container_set_path(c))
		return warden_error_set(err, "no memory for a path");
	if (limits_from_message(&c->limits, server, asked->limits, err) < 0 ||
	    create_options_take(&c->options, asked, err) < 0 || create_name_host(c, err) < 0)
		return -1;
	return create_mounts_take(c, asked, err);
}

/* Makes the container in memory with its options. */
static struct container *create_new_container(struct server *server,
					      const Warden__CreateRequest *asked,
					      const char *handle, bool prepared, uid_t uid,
					      gid_t gid, struct warden_error *err)
{
	struct container *c = container_new(server, NULL, handle);

	if (!c) {
		warden_error_set(err, "no memory for a container");
		return NULL;
	}
	c->prepared = prepared;
	c->client_uid = uid;
	c->client_gid = gid;
	if (create_take_options(c, asked, err) == 0)
		return c;
	container_free(c);
	return NULL;
}

/* The directory that holds the container's. */
static int create_parent_fd(const struct container *c)
{
	return c->prepared ? c->server->tmp_fd : c->server->depot_fd;
}

/* Worker thread: makes the container's directory, which must not exist, and the files in it. */
static int create_make_directory(struct creation *creation, struct warden_error *err)
{
	struct container *c = creation->operation.container;
	static const char *const parts[] = {"etc", "run"};

	if (mkdirat(create_parent_fd(c), c->id, 0700) < 0)
		return warden_error_errno(err, "make %s", c->path);
	creation->made = true;
	c->dir_fd =
		openat(create_parent_fd(c), c->id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (c->dir_fd < 0)
		return warden_error_errno(err, "open %s", c->path);
	c->identity.dir_fd = c->dir_fd;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (mkdirat(c->dir_fd, parts[i], 0700) < 0)
			return warden_error_errno(err, "make %s/%s", c->path, parts[i]);
	return identity_write(c, err);
}

/* A directory that cannot be removed now is destroyed like a container. */
static void create_remove_directory(struct creation *creation)
{
	struct container *c = creation->operation.container;
	struct warden_error err;

	creation->left = remove_tree(create_parent_fd(c), c->id, &err) < 0;
	if (creation->left)
		log_write(WARDEN_LOG_WARN, "%s: %s; will be retried", c->id, err.message);
}

void create_fill_parameters(struct warden_create *parameters, const struct container *c)
{
	*parameters = (struct warden_create){
		.size = sizeof(*parameters),
		.identity = &c->identity,
		.rootfs_path = c->rootfs,
		.layers = (const char *const *)c->options.layers,
		.n_layers = c->options.n_layers,
		.tmpfs_bytes = c->options.tmpfs_bytes,
		.tmpfs_inodes = c->options.tmpfs_inodes,
		.hostname = c->options.hostname,
		.hosts = c->options.hosts,
		.n_hosts = c->options.n_hosts,
		.host_size = sizeof(*c->options.hosts),
		.dns_servers = (const char *const *)c->options.dns_servers,
		.shm_bytes = c->options.shm_bytes,
		.bind_mounts = c->bind_mounts,
		.n_bind_mounts = c->n_bind_mounts,
		.bind_mount_size = sizeof(*c->bind_mounts),
		.client_uid = c->client_uid,
		.client_gid = c->client_gid,
		.no_new_privs = c->options.no_new_privs,
		.working_dir = c->options.image.working_dir,
		.prepares = c->prepared,
	};
}

/* Worker thread. What is prepared is admitted when a client asks for it. */
int create_admit(const struct creation *creation, struct warden_error *err)
{
	const struct container *c = creation->operation.container;
	const struct warden_container_klass *klass = c->server->container_klass;

	if (creation->stock || !klass->admit)
		return 0;
	return BACKEND_CALL(klass, c->id, admit, err, c->server->backend, NULL, "create");
}

/* Worker thread. */
int create_read_image(struct creation *creation, struct warden_error *err)
{
	if (creation->image_read)
		return 0;
	creation->image_read = true;
	return image_defaults_read(creation->operation.container, err);
}

/* Worker thread. The identity and a snapshot are written before the backend's create, so that after
 * a crash the next daemon can have the backend clean up. */
static int create_backend_run(struct operation *operation, struct warden_error *err)
{
	struct creation *creation = (struct creation *)operation;
	struct container *c = operation->container;
	struct server *server = c->server;
	int result;

	trace_step(creation->trace, "create", "queue", c->id);
	if (create_admit(creation, err) < 0 || create_read_image(creation, err) < 0 ||
	    (creation->stock && prepared_sources_read(c, &c->sources, err) < 0) ||
	    create_make_directory(creation, err) < 0 || snapshot_store(operation, err) < 0)
		return -1;
	identity_set_options(c);
	create_fill_parameters(&creation->parameters, c);
	trace_step(creation->trace, "create", "directory", c->id);
	result = BACKEND_CALL(server->container_klass, c->id, create, err, server->backend,
			      &creation->parameters, &c->backend);
	trace_step(creation->trace, "create", "backend", c->id);
	return result;
}

/* Worker thread: applies the limits and writes the snapshot, or removes the directory of a failed
 * create. */
static int create_finish_run(struct operation *operation, struct warden_error *err)
{
	struct creation *creation = (struct creation *)operation;
	struct container *c = operation->container;

	if (c->backend && !creation->failed && creation->stock)
		return 0;
	if (c->backend && !creation->failed)
		return limits_apply(c, err) < 0 ? -1 : snapshot_store(operation, err);
	if (creation->made && !c->backend)
		create_remove_directory(creation);
	return -1;
}

static Warden__CreateResponse create_answer_of(const struct container *c)
{
	Warden__CreateResponse answer = WARDEN__CREATE_RESPONSE__INIT;

	answer.handle.data = (uint8_t *)c->handle;
	answer.handle.len = strlen(c->handle);
	return answer;
}

/* Answers a repeated request, whose connection then uses the container as its creator does. */
static void create_repeat(struct request *request, struct container *c,
			  const ProtobufCMessage *answer)
{
	if (request->connection)
		container_reference(c, request->connection);
	request_answer(request, answer);
}

/* The container waits for a create that asks for it; until then nothing finds it by its handle. */
static void create_succeed_for_stock(struct creation *creation)
{
	struct container *c = creation->operation.container;

	registry_forget_handle(&c->server->registry, c);
	prepared_made(creation->stock, c, creation->began, NULL);
}

static void create_succeed(struct creation *creation)
{
	struct container *c = creation->operation.container;
	Warden__CreateResponse answer = create_answer_of(c);
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
	request->container = c;
	request_answer(request, &answer.base);
}

static void create_fail(struct creation *creation, const struct warden_error *err)
{
	struct container *c = creation->operation.container;
	/* If a limit, the snapshot or an undo failed the container exists and is destroyed like any
	 * other.
	 */
	bool made = c->backend || creation->left;

	c->alive = c->backend && !creation->failed;
	/* Before the answer, so that the client finds the handle free. */
	if (!made) {
		registry_remove(&c->server->registry, c);
		container_free(c);
	} else {
		registry_forget_handle(&c->server->registry, c);
	}
	if (creation->stock) {
		prepared_made(creation->stock, NULL, creation->began, err);
	} else {
		idempotence_fail(creation->entry, err);
		request_fail(creation->request, err);
	}
	if (made && c->prepared)
		prepared_discard(c);
	else if (made)
		container_discard(c);
}

void create_reset(struct creation *creation)
{
	struct container *c = creation->operation.container;

	if (c->dir_fd >= 0)
		close(c->dir_fd);
	c->dir_fd = c->identity.dir_fd = -1;
	creation->pending = creation->made = creation->ended = creation->failed = false;
	creation->init_died = false;
}

/* Another daemon, or what one has left, may have the name that the id gives to the directory,
 * control groups and links: the create begins again with another id. */
static bool create_begin_again(struct creation *creation, const struct warden_error *err)
{
	struct container *c = creation->operation.container;

	if (c->backend || creation->left || err->number != EEXIST || ++creation->tries == ID_TRIES)
		return false;
	log_write(WARDEN_LOG_INFO, "%s: taken, trying another id: %s", c->id, err->message);
	create_reset(creation);
	if (!container_rename(c))
		return false;
	create_begin(creation);
	return true;
}

static void create_free(struct creation *creation)
{
	trace_free(creation->trace);
	free(creation);
}

static void create_log_trace(struct creation *creation, bool failed)
{
	const char *id = creation->operation.container->id;

	trace_step(creation->trace, "create", "snapshot", id);
	if (creation->trace)
		log_write(WARDEN_LOG_INFO, "%s: %s%s: %s", id,
			  creation->stock ? "create for the stock" : "create",
			  failed ? " that fails" : "", trace_text(creation->trace));
}

void create_end(struct creation *creation, int result, const struct warden_error *err)
{
	struct server *server = creation->operation.container->server;

	create_log_trace(creation, result < 0);
	creation->operation.container->creation = NULL;
	server->creating--;
	if (creation->shell) {
		container_free(creation->shell);
		server->prepared.hits += result == 0;
	}
	if (result < 0)
		create_fail(creation, err);
	else if (creation->stock)
		create_succeed_for_stock(creation);
	else
		create_succeed(creation);
	create_free(creation);
	prepared_fill_soon(server);
	server->drain_step(server);
}

static void create_finish_done(struct operation *operation, int result, struct warden_error *err)
{
	struct creation *creation = (struct creation *)operation;

	if (result == 0 && creation->init_died) {
		result = warden_error_set(err, "the container's first process has ended");
		if (creation->shell && create_adopt_begin_anew(creation, err))
			return;
	}
	if (result < 0 && (create_begin_again(creation, err) || create_room_retry(creation, err)))
		return;
	create_end(creation, result, err);
}

/* The create is complete when its snapshot is written. */
static char *create_snapshot_text(const struct container *c)
{
	return snapshot_text_as(c, STATE_ACTIVE);
}

void create_finish(struct creation *creation)
{
	struct operation *operation = &creation->operation;
	struct container *c = operation->container;

	c->created_us = clock_now_us();
	c->created_clock_us = ttl_clock_us();
	operation->make_snapshot = creation->stock ? NULL : create_snapshot_text;
	operation->run = create_finish_run;
	operation->done = create_finish_done;
	container_queue(c, operation);
}

static void create_backend_done(struct operation *operation, int result, struct warden_error *err)
{
	struct creation *creation = (struct creation *)operation;

	(void)err; /* remains in the operation */
	creation->failed |= result < 0;
	creation->pending = result > 0;
	if (!creation->pending || creation->ended)
		create_finish(creation);
}

/* May be called before create_backend_done: the backend's thread and the worker race. */
void create_event(struct container *c, void *backend, bool failed, const char *error, int number)
{
	struct creation *creation = c->creation;

	if (!creation || creation->ended)
		return;
	creation->ended = true;
	c->backend = backend;
	creation->failed = failed;
	if (failed)
		warden_error_set(&creation->operation.err, "%s", error ? error : "no memory");
	creation->operation.err.number = failed ? number : 0;
	if (creation->pending)
		create_finish(creation);
}

void create_note_death(struct container *c)
{
	c->creation->init_died = true;
}

void create_begin(struct creation *creation)
{
	struct operation *operation = &creation->operation;

	operation->err = (struct warden_error){0};
	operation->make_snapshot = snapshot_text;
	operation->run = create_backend_run;
	operation->done = create_backend_done;
	container_queue(creation->operation.container, operation);
}

static struct creation *create_new(const struct server *server, struct request *request,
				   struct idempotent *entry, struct warden_error *err)
{
	struct creation *creation = calloc(1, sizeof(*creation));

	if (!creation) {
		warden_error_set(err, "no memory for a container");
		return NULL;
	}
	creation->request = request;
	creation->entry = entry;
	creation->began = uv_hrtime();
	creation->trace = trace_new(server->config->logging.trace);
	return creation;
}

static void create_register(struct creation *creation)
{
	struct container *c = creation->operation.container;

	registry_add(&c->server->registry, c);
	c->creation = creation;
	c->server->creating++;
}

/* Ends a create that has not begun. */
static void create_unregister(struct creation *creation)
{
	struct container *c = creation->operation.container;

	if (creation->shell)
		create_adopt_give_back(creation);
	c->creation = NULL;
	c->server->creating--;
	registry_remove(&c->server->registry, c);
	container_free(c);
	create_free(creation);
}

/* Makes the container in memory, with the parts of a prepared one if there is one. */
static int create_make(struct creation *creation, const Warden__CreateRequest *asked,
		       struct warden_error *err)
{
	const struct connection *connection = creation->request->connection;
	struct container *c, *prepared;
	char *handle;

	if (create_take_handle(creation->request, &handle, err) < 0)
		return -1;
	c = create_new_container(creation->request->server, asked, handle, false, connection->uid,
				 connection->gid, err);
	free(handle);
	creation->operation.container = c;
	if (!c)
		return -1;
	prepared = prepared_take(c->server, asked, c->client_uid, c->client_gid);
	if (prepared)
		create_adopt_take_over(creation, prepared);
	return 0;
}

static int create_start(struct creation *creation, struct warden_error *err)
{
	struct container *c = creation->operation.container;
	Warden__CreateResponse answer = create_answer_of(c);

	if (idempotence_promise(creation->entry, c, &answer.base, err) < 0)
		return -1;
	if (!creation->shell)
		return create_room_begin(creation, err);
	create_adopt_begin(creation);
	return 0;
}

/* On 0 create_end answers. */
static int create_try(struct request *request, struct idempotent *entry, struct warden_error *err)
{
	const Warden__CreateRequest *asked = (const void *)request->message;
	struct creation *creation = create_new(request->server, request, entry, err);

	if (!creation)
		return -1;
	if (create_make(creation, asked, err) < 0) {
		create_free(creation);
		return -1;
	}
	create_register(creation);
	if (create_start(creation, err) == 0)
		return 0;
	create_unregister(creation);
	return -1;
}

int create_prepare(struct server *server, struct stock *stock, const Warden__CreateRequest *shape,
		   uid_t uid, gid_t gid, struct warden_error *err)
{
	struct creation *creation = create_new(server, NULL, NULL, err);
	struct container *c;

	if (!creation)
		return -1;
	c = create_new_container(server, shape, NULL, true, uid, gid, err);
	creation->operation.container = c;
	creation->stock = stock;
	if (!c) {
		create_free(creation);
		return -1;
	}
	create_register(creation);
	if (create_room_take(c, shape, err) == 0) {
		create_begin(creation);
		return 0;
	}
	create_unregister(creation);
	return -1;
}

static int create_run(struct request *request, struct warden_error *err)
{
	static const struct idempotence_use use = {&warden__create_response__descriptor,
						   create_repeat};
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
	if (create_try(request, entry, err) == 0)
		return 0;
	idempotence_fail(entry, err);
	return -1;
}

const struct request_handler create_request = {
	.type = WARDEN__MESSAGE__TYPE__Create,
	.name = "create",
	.message = &warden__create_request__descriptor,
	.needs = ACCESS_FULL,
	.audited = true,
	.run = create_run,
};
