/* SPDX-License-Identifier: Apache-2.0 */
/* A container in memory and the queue of its operations; see container.h. */
#include <config.h>

#include "core/container/container.h"

#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

#include "core/container/container_subject.h"
#include "core/server.h"
#include "core/state/job_log.h"
#include "core/state/set_aside.h"
#include "core/state/snapshot.h"
#include "lib/trace.h"

const char *container_state_name(enum container_state state)
{
	switch (state) {
	case STATE_BORN:
		return "born";
	case STATE_ACTIVE:
		return "active";
	case STATE_STOPPED:
		return "stopped";
	case STATE_DESTROYING:
		return "destroying";
	case STATE_UNREACHABLE:
		return "unreachable";
	default:
		return "destroyed";
	}
}

static const char digits[] = "0123456789abcdefghijklmnopqrstuv";

/* The clock in microseconds, 55 bits in base 32. The number only grows, also past the containers of
 * earlier daemons, so no id of this depot is used twice. */
static void container_make_id(struct server *server, char id[12])
{
	struct timeval now;
	uint64_t number;

	gettimeofday(&now, NULL);
	number = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_usec;
	if (number <= server->last_id)
		number = server->last_id + 1;
	server->last_id = number;
	for (int i = 10; i >= 0; i--, number >>= 5)
		id[i] = digits[number & 31];
	id[11] = '\0';
}

static void container_new_id(struct container *c)
{
	do
		container_make_id(c->server, c->id);
	while (registry_find_id(&c->server->registry, c->id));
}

/* Ids after this one are greater, although the clock may have been set back. */
static void container_note_id(struct server *server, const char *id)
{
	uint64_t number = 0;

	for (; *id && strchr(digits, *id); id++)
		number = number << 5 | (uint64_t)(strchr(digits, *id) - digits);
	if (number > server->last_id)
		server->last_id = number;
}

bool container_set_path(struct container *c)
{
	free(c->path);
	free(c->name);
	c->name = strdup(c->id);
	if (asprintf(&c->path, "%s%s/%s", c->server->settings.depot_path, c->prepared ? "/tmp" : "",
		     c->id) < 0)
		c->path = NULL;
	c->identity.path = c->path;
	return c->name && c->path;
}

#define EXCHANGE(a, b, member)                                                                     \
	do {                                                                                       \
		__typeof__((a)->member) kept_ = (a)->member;                                       \
                                                                                                   \
		(a)->member = (b)->member;                                                         \
		(b)->member = kept_;                                                               \
	} while (0)

/* The paths stay where they are, but end in the new id. */
static void container_take_id(struct container *c)
{
	size_t length = strlen(c->id);

	memcpy(c->path + strlen(c->path) - length, c->id, length);
	memcpy(c->name, c->id, length);
	c->identity.id = c->id;
	c->identity.path = c->path;
	c->identity.dir_fd = c->dir_fd;
}

void container_exchange(struct container *a, struct container *b)
{
	char id[sizeof(a->id)];

	memcpy(id, a->id, sizeof(id));
	memcpy(a->id, b->id, sizeof(id));
	memcpy(b->id, id, sizeof(id));
	EXCHANGE(a, b, dir_fd);
	EXCHANGE(a, b, identity);
	EXCHANGE(a, b, owns_network);
	EXCHANGE(a, b, owns_uid);
	EXCHANGE(a, b, owns_slot);
	EXCHANGE(a, b, backend);
	container_take_id(a);
	container_take_id(b);
	identity_set_options(a);
	identity_set_options(b);
}

bool container_rename(struct container *c)
{
	struct registry *registry = &c->server->registry;

	registry_remove(registry, c);
	container_new_id(c);
	registry_add(registry, c);
	return container_set_path(c);
}

struct container *container_new(struct server *server, const char *id, const char *handle)
{
	struct container *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->server = server;
	c->dir_fd = -1;
	c->state = STATE_BORN;
	if (id) {
		snprintf(c->id, sizeof(c->id), "%s", id);
		container_note_id(server, c->id);
	} else {
		container_new_id(c);
	}
	c->identity.size = sizeof(c->identity);
	c->identity.id = c->id;
	TAILQ_INIT(&c->operations);
	for (const struct container_subject *const *subject = server->subjects; *subject; subject++)
		if ((*subject)->init)
			(*subject)->init(c);
	c->handle = strdup(handle ? handle : c->id);
	c->name = strdup(c->id);
	if (!c->handle || !c->name) {
		container_free(c);
		return NULL;
	}
	return c;
}

void container_free(struct container *c)
{
	for (const struct container_subject *const *subject = c->server->subjects; *subject;
	     subject++)
		if ((*subject)->release)
			(*subject)->release(c);
	log_limit_flush(&c->log_limit, c->id);
	if (c->dir_fd >= 0)
		close(c->dir_fd);
	free(c->path);
	free(c->name);
	free(c->handle);
	trace_free(c->destroy.trace);
	free(c);
}

static void container_run_next(struct container *c);

static void operation_finish(struct operation *operation, int result)
{
	free(operation->snapshot);
	operation->snapshot = NULL;
	job_log_finish(operation->container, operation->log);
	operation->log = NULL;
	operation->no_memory = false;
	operation->done(operation, result, &operation->err);
}

static void operation_on_worker(struct work *work)
{
	struct operation *operation = work->data;

	if (operation->result == 0)
		operation->result = operation->run(operation, &operation->err);
}

static void operation_after_worker(struct work *work)
{
	struct operation *operation = work->data;
	struct container *c = operation->container;
	bool more = !TAILQ_EMPTY(&c->operations);

	c->running = false;
	/* The next operation sees what this one changed. `done` may free the container, but only if
	 * the queue is empty. */
	operation_finish(operation, operation->result);
	if (more)
		container_run_next(c);
}

/* An operation behind a destroy would find no container in the backend. */
static int operation_prepare(struct operation *operation)
{
	if (operation->container->destroy.op_done && !operation->needs_no_backend)
		return warden_error_set(&operation->err, "unknown handle");
	return operation->prepare ? operation->prepare(operation, &operation->err) : 0;
}

/* An operation that cannot be prepared fails after the caller has returned. */
static void operation_begin(struct operation *operation)
{
	struct container *c = operation->container;

	operation->work = (struct work){
		.data = operation, .run = operation_on_worker, .done = operation_after_worker};
	c->running = true;
	operation->result = operation_prepare(operation);
	if (operation->result == 0)
		snapshot_prepare(operation);
	workers_queue(operation->removes ? c->server->remove_workers : c->server->operation_workers,
		      &operation->work);
}

static void container_run_next(struct container *c)
{
	struct operation *operation = TAILQ_FIRST(&c->operations);

	if (c->running || !operation)
		return;
	TAILQ_REMOVE(&c->operations, operation, link);
	operation_begin(operation);
}

void container_queue(struct container *c, struct operation *operation)
{
	operation->container = c;
	TAILQ_INSERT_TAIL(&c->operations, operation, link);
	container_run_next(c);
}

void container_cancel_operations(struct container *c)
{
	struct operation_list cancelled = TAILQ_HEAD_INITIALIZER(cancelled);
	struct operation *operation;

	TAILQ_CONCAT(&cancelled, &c->operations, link);
	while ((operation = TAILQ_FIRST(&cancelled))) {
		TAILQ_REMOVE(&cancelled, operation, link);
		warden_error_set(&operation->err, "unknown handle");
		operation_finish(operation, -1);
	}
}

bool container_note_event(struct container *c, const char *text)
{
	for (size_t i = 0; i < c->n_events; i++)
		if (strcmp(c->events[i], text) == 0)
			return false;
	if (c->n_events == sizeof(c->events) / sizeof(c->events[0]))
		return false;
	c->events[c->n_events++] = text;
	return true;
}
