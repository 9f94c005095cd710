/* SPDX-License-Identifier: Apache-2.0 */
/* At start: every directory of the depot is a container of an earlier daemon. One with a whole
 * snapshot whose backend finds it alive is there again, with its jobs; all others are removed, and
 * so is what lies in tmp, which was destroyed but not gone. */
#include <config.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/container/container.h"
#include "core/job/job.h"
#include "core/limits/limits.h"
#include "core/log.h"
#include "core/pools/pool.h"
#include "core/rules/rules.h"
#include "core/server.h"
#include "core/state/snapshot.h"
#include "lib/cleanup.h"
#include "lib/remove_tree.h"

/* What dead containers may hold the start up. */
enum { REMOVAL_MS = 5000 };

struct recovery {
	struct operation operation;
	struct warden_restored restored;
	bool whole; /* its snapshot was read */
	bool in_tmp;
	uint32_t *pending;
};

static void take_share(struct container *c)
{
	struct server *server = c->server;
	uint64_t now = uv_now(&server->loop);

	/* What is not the pools' (any more) was given by other settings: nobody else gets it. */
	c->owns_network =
		pool_take_value(server->networks, now, ntohl(c->identity.network.s_addr)) == 0;
	c->owns_uid = pool_take_value(server->uids, now, c->identity.uid) == 0;
	c->owns_slot = pool_take_value(server->slots, now, c->identity.slot) == 0;
}

/* Worker thread. A container without its rules is let do less, and lives on. */
static void restore_rules(struct container *c)
{
	const struct warden_container_klass *container_klass = c->server->container_klass;
	const struct warden_rules rules = rules_for_backend(&c->rules);
	struct warden_error err;

	if (container_klass->set_rules && container_klass->set_rules(c->backend, &rules, &err) < 0)
		log_write(WARDEN_LOG_ERROR, "%s: its rules: %s", c->id, err.message);
}

static int restore_run(struct operation *operation, struct warden_error *err)
{
	struct recovery *recovery = (struct recovery *)operation;
	struct container *c = operation->container;
	enum container_state state = recovery->whole ? c->state : STATE_BORN;

	if (c->server->container_klass->restore(c->server->backend, &c->identity,
						container_state_name(state), &c->backend,
						&recovery->restored, err) < 0)
		return -1;
	if (recovery->restored.alive && recovery->whole && !recovery->in_tmp)
		restore_rules(c);
	return 0;
}

/* A job of the snapshot that nobody else knows has no end but this. */
static void end_lost_jobs(struct container *c)
{
	const struct warden_job_end none = {.exit_status = -1};
	struct job *job, *next;

	for (job = TAILQ_FIRST(&c->jobs); job; job = next) {
		next = TAILQ_NEXT(job, link);
		if (job->started)
			continue;
		log_write(WARDEN_LOG_WARN, "%s: job %u was lost", c->id, job->id);
		job_end(job, &none);
		job_read(job, -1, -1);
	}
}

static void close_pipes(const struct warden_restored_job *found)
{
	if (found->stdout_fd >= 0)
		close(found->stdout_fd);
	if (found->stderr_fd >= 0)
		close(found->stderr_fd);
	if (found->stdin_fd >= 0)
		close(found->stdin_fd);
}

/* One that the snapshot does not hold was collected, or never answered: nobody can ask for it. */
static void join_jobs(struct container *c, const struct warden_restored *restored)
{
	for (size_t i = 0; i < restored->n_jobs; i++) {
		const struct warden_restored_job *found = &restored->jobs[i];
		struct job *job = job_find(c, found->job_id);

		if (found->job_id > c->server->last_job_id)
			c->server->last_job_id = found->job_id;
		if (job && !job->started) {
			job_stdin_open(job, found->stdin_fd);
			job_read(job, found->stdout_fd, found->stderr_fd);
			continue;
		}
		close_pipes(found);
		job_store_end(c, found->job_id);
	}
	end_lost_jobs(c);
}

static void revive(struct container *c, const struct warden_restored *restored)
{
	struct server *server = c->server;

	c->alive = true;
	c->created_serial = 0;
	registry_list(&server->registry, c);
	join_jobs(c, restored);
	log_write(WARDEN_LOG_INFO, "%s: recovered, %s, handle %s", c->id,
		  container_state_name(c->state), c->handle);
}

static int reapply_run(struct operation *operation, struct warden_error *err)
{
	struct container *c = operation->container;

	if (limits_apply(c, err) < 0)
		return -1;
	/* To find its jobs it was thawed. */
	return c->paused ? c->server->container_klass->pause(c->backend, true, err) : 0;
}

/* What nobody can set any more is no reason to end what runs. */
static void reapply_done(struct operation *operation, int result, struct warden_error *err)
{
	struct recovery *recovery = (struct recovery *)operation;
	struct container *c = operation->container;

	--*recovery->pending;
	if (result < 0)
		log_write(WARDEN_LOG_ERROR, "%s: its limits, or its pause: %s", c->id,
			  err->message);
	if (c->stop.interrupted)
		container_stop(c, SIGTERM, NULL);
	free(recovery);
}

/* Limits are set again: so the backend watches them again, and tells what nobody was there to see.
 */
static void reapply(struct recovery *recovery)
{
	recovery->operation.run = reapply_run;
	recovery->operation.done = reapply_done;
	++*recovery->pending;
	container_queue(recovery->operation.container, &recovery->operation);
}

static void restore_done(struct operation *operation, int result, struct warden_error *err)
{
	struct recovery *recovery = (struct recovery *)operation;
	struct container *c = operation->container;
	const struct warden_restored *restored = &recovery->restored;

	--*recovery->pending;
	if (result < 0)
		log_write(WARDEN_LOG_ERROR, "%s: restore: %s", c->id, err->message);
	if (result == 0 && restored->alive && recovery->whole && !recovery->in_tmp &&
	    (c->state & (STATE_ACTIVE | STATE_STOPPED))) {
		revive(c, restored);
		free(restored->jobs);
		reapply(recovery);
		return;
	}
	for (size_t i = 0; i < restored->n_jobs; i++)
		close_pipes(&restored->jobs[i]);
	log_write(WARDEN_LOG_WARN, "%s: dead, or not whole: removing it", c->id);
	container_discard(c);
	free(restored->jobs);
	free(recovery);
}

static void note_job_ids(struct container *c)
{
	const struct job *job;

	TAILQ_FOREACH(job, &c->jobs, link)
		if (job->id > c->server->last_job_id)
			c->server->last_job_id = job->id;
}

/* A handle that another container has, too, was written by nobody: it is a copy. */
static bool read_snapshot(struct container *c)
{
	struct warden_error err;

	if (snapshot_read(c, &err) < 0) {
		log_write(WARDEN_LOG_WARN, "%s: %s", c->id, err.message);
		return false;
	}
	note_job_ids(c);
	rules_recover_ports(c);
	return !registry_find_handle(&c->server->registry, c->handle);
}

/* The container in memory as far as its directory tells. NULL: it cannot be one. */
static struct container *find_container(struct server *server, int parent_fd, const char *name,
					int dir_fd)
{
	struct warden_identity identity = {0};
	struct warden_error err;
	struct container *c;
	char id[12];
	bool known = identity_read(dir_fd, id, &identity, &err) == 0;

	if (!known) {
		log_write(WARDEN_LOG_WARN, "%s: %s", name, err.message);
		if (!identity_is_id(name))
			return NULL;
		memcpy(id, name, sizeof(id));
		known = snapshot_read_identity(dir_fd, &identity);
	}
	if (registry_find_id(&server->registry, id))
		return NULL;
	c = container_new(server, id, NULL);
	if (!c)
		return NULL;
	c->identity = identity;
	c->identity.id = c->id;
	free(c->name);
	c->name = strdup(name);
	if (!c->name || asprintf(&c->path, "%s%s/%s", server->settings.depot_path,
				 parent_fd == server->tmp_fd ? "/tmp" : "", name) < 0) {
		c->path = NULL;
		container_free(c);
		return NULL;
	}
	c->identity.path = c->path;
	c->dir_fd = c->identity.dir_fd = dir_fd;
	if (known)
		take_share(c);
	return c;
}

/* Nothing but files: whoever made it, the backend has no part in it. */
static void remove_stranger(struct server *server, int parent_fd, const char *name)
{
	struct warden_error err;

	log_write(WARDEN_LOG_WARN, "%s: no container: removing it", name);
	if (remove_tree(parent_fd, name, &err) < 0)
		log_write(WARDEN_LOG_ERROR, "%s/%s: %s", server->settings.depot_path, name,
			  err.message);
}

static int recover_one(struct server *server, int parent_fd, const char *name, uint32_t *pending,
		       struct warden_error *err)
{
	struct recovery *recovery;
	struct container *c;
	int dir_fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	c = dir_fd < 0 ? NULL : find_container(server, parent_fd, name, dir_fd);
	if (!c) {
		if (dir_fd >= 0)
			close(dir_fd);
		remove_stranger(server, parent_fd, name);
		return 0;
	}
	recovery = calloc(1, sizeof(*recovery));
	if (!recovery) {
		container_free(c);
		return warden_error_set(err, "no memory to recover %s", name);
	}
	recovery->in_tmp = parent_fd == server->tmp_fd;
	recovery->whole = read_snapshot(c);
	recovery->pending = pending;
	recovery->operation.run = restore_run;
	recovery->operation.done = restore_done;
	registry_add(&server->registry, c);
	++*pending;
	container_queue(c, &recovery->operation);
	return 0;
}

static bool is_ours(const char *name)
{
	return strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && strcmp(name, "tmp") != 0 &&
	       strcmp(name, "lost+found") != 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int select_ours(const struct dirent *entry)
{
	return is_ours(entry->d_name);
}

/* In the order of their names, which is that of their creation. */
static int recover_all(struct server *server, int parent_fd, uint32_t *pending,
		       struct warden_error *err)
{
	struct dirent **entries;
	int n = scandirat(parent_fd, ".", &entries, select_ours, by_name);
	int result = 0;

	if (n < 0)
		return warden_error_errno(err, "read depot %s", server->settings.depot_path);
	for (int i = 0; i < n; i++) {
		if (result == 0)
			result = recover_one(server, parent_fd, entries[i]->d_name, pending, err);
		free(entries[i]);
	}
	free(entries);
	return result;
}

static void sort_listed(struct server *server)
{
	struct container *c, *other;
	TAILQ_HEAD(, container) sorted = TAILQ_HEAD_INITIALIZER(sorted);

	while ((c = TAILQ_FIRST(&server->registry.listed))) {
		TAILQ_REMOVE(&server->registry.listed, c, listed);
		TAILQ_FOREACH_REVERSE(other, &sorted, container_list, listed)
			if (strcmp(other->id, c->id) < 0)
				break;
		if (other)
			TAILQ_INSERT_AFTER(&sorted, other, c, listed);
		else
			TAILQ_INSERT_HEAD(&sorted, c, listed);
	}
	TAILQ_CONCAT(&server->registry.listed, &sorted, listed);
}

static void waited_enough(uv_timer_t *timer)
{
	uv_timer_t **place = timer->data;

	timer_stop(place);
}

/* What of the dead ones is still on the machine may bear names and addresses that a new container
 * gets. */
static void await_removal(struct server *server)
{
	uv_timer_t *timer = NULL;

	if (server->leaving > 0)
		timer = timer_start(server, REMOVAL_MS, waited_enough, &timer);
	while (timer && server->leaving > 0)
		uv_run(&server->loop, UV_RUN_ONCE);
	timer_stop(&timer);
	if (server->leaving > 0)
		log_write(WARDEN_LOG_WARN, "%u dead containers are not gone yet", server->leaving);
}

int recovery_run(struct server *server, struct warden_error *err)
{
	uint32_t pending = 0;
	struct container *c;
	int result = recover_all(server, server->depot_fd, &pending, err);

	if (result == 0)
		result = recover_all(server, server->tmp_fd, &pending, err);
	while (pending > 0)
		uv_run(&server->loop, UV_RUN_ONCE);
	if (result < 0)
		return -1;
	await_removal(server);
	sort_listed(server);
	TAILQ_FOREACH(c, &server->registry.listed, listed) {
		grace_update(c);
		ttl_start(c);
	}
	return 0;
}
