/* SPDX-License-Identifier: Apache-2.0 */
/* Recovery at start. Every directory of the depot is a container of an earlier daemon. If its
 * snapshot is complete and the backend finds it alive, it is restored with its jobs. All other
 * directories are removed, also those in tmp, whose containers were being destroyed. */
#include <config.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/backend/backend_call.h"
#include "core/container/container.h"
#include "core/job/job.h"
#include "core/limits/limits.h"
#include "core/log.h"
#include "core/pools/pool.h"
#include "core/rules/rules.h"
#include "core/server.h"
#include "core/state/job_log.h"
#include "core/state/snapshot.h"
#include "lib/cleanup.h"
#include "lib/remove_tree.h"

/* Longest time that the removal of dead containers delays the start. */
enum { REMOVAL_MS = 5000 };

struct recovery {
	struct operation operation;
	struct warden_restored restored;
	bool whole; /* its snapshot was read and its handle is unique */
	bool in_tmp;
	uint32_t *pending; /* operations that recovery_run waits for */
};

static void recovery_take_pools(struct container *c)
{
	struct server *server = c->server;
	uint64_t now = uv_now(&server->loop);

	/* A value outside the pool is from other settings; no other container can get it, so the
	 * container does not own it. */
	c->owns_network =
		pool_take_value(server->networks, now, ntohl(c->identity.network.s_addr)) == 0;
	c->owns_uid = pool_take_value(server->uids, now, c->identity.uid) == 0;
	c->owns_slot = pool_take_value(server->slots, now, c->identity.slot) == 0;
}

/* Worker thread. If it fails the container continues without its rules, which permits it less. */
static void recovery_restore_rules(struct container *c)
{
	const struct warden_container_klass *container_klass = c->server->container_klass;
	const struct warden_rules rules = rules_for_backend(&c->rules);
	struct warden_error err;

	if (container_klass->set_rules &&
	    BACKEND_CALL(container_klass, c->id, set_rules, &err, c->backend, &rules) < 0)
		log_write(WARDEN_LOG_ERROR, "%s: restore network rules: %s", c->id, err.message);
}

/* The state in which the previous daemon left the container. */
static enum warden_restore_state recovery_restore_state(const struct recovery *recovery)
{
	if (!recovery->whole || recovery->operation.container->state == STATE_BORN ||
	    recovery->operation.container->state == STATE_DESTROYING)
		return WARDEN_RESTORE_BORN;
	return recovery->operation.container->state == STATE_ACTIVE ? WARDEN_RESTORE_ACTIVE
								    : WARDEN_RESTORE_STOPPED;
}

static int recovery_restore_run(struct operation *operation, struct warden_error *err)
{
	struct recovery *recovery = (struct recovery *)operation;
	struct container *c = operation->container;

	recovery->restored = (struct warden_restored){.size = sizeof(recovery->restored)};
	if (BACKEND_CALL(c->server->container_klass, c->id, restore, err, c->server->backend,
			 &c->identity, recovery_restore_state(recovery), &c->backend,
			 &recovery->restored) < 0)
		return -1;
	if (recovery->restored.alive && recovery->whole && !recovery->in_tmp)
		recovery_restore_rules(c);
	return 0;
}

/* Ends the jobs of the snapshot that the backend does not know; nothing else ends them. */
static void recovery_end_lost_jobs(struct container *c)
{
	struct warden_job_end none;
	struct job *job, *next;

	job_end_init(&none);
	for (job = TAILQ_FIRST(&c->jobs); job; job = next) {
		next = TAILQ_NEXT(job, link);
		if (job->started)
			continue;
		log_write(WARDEN_LOG_WARN, "%s: job %u was lost", c->id, job->id);
		job_end(job, &none);
		job_read(job, -1, -1);
	}
}

static void recovery_close_pipes(const struct warden_restored_job *found)
{
	if (found->stdout_fd >= 0)
		close(found->stdout_fd);
	if (found->stderr_fd >= 0)
		close(found->stderr_fd);
	if (found->stdin_fd >= 0)
		close(found->stdin_fd);
}

/* Connects the running jobs to the backend's. A job that is not in the snapshot was collected or
 * never answered, so no client can ask for it: it is discarded. */
static void recovery_attach_jobs(struct container *c, const struct warden_restored *restored)
{
	for (size_t i = 0; i < restored->n_jobs; i++) {
		const struct warden_restored_job *found =
			WARDEN_ELEMENT(restored->jobs, restored->job_size, i);
		struct job *job = job_find(c, found->job_id);

		if (found->job_id > c->server->last_job_id)
			c->server->last_job_id = found->job_id;
		if (job && !job->started) {
			job_stdin_open(job, found->stdin_fd);
			job_read(job, found->stdout_fd, found->stderr_fd);
			continue;
		}
		recovery_close_pipes(found);
		job_log_forget(c, found->job_id);
		container_save_jobs(c);
	}
	recovery_end_lost_jobs(c);
}

static void recovery_activate(struct container *c, const struct warden_restored *restored)
{
	struct server *server = c->server;

	c->alive = true;
	c->created_serial = 0;
	registry_list(&server->registry, c);
	recovery_attach_jobs(c, restored);
	log_write(WARDEN_LOG_INFO, "%s: recovered, %s, handle %s", c->id,
		  container_state_name(c->state), c->handle);
}

static int recovery_reapply_run(struct operation *operation, struct warden_error *err)
{
	struct container *c = operation->container;

	if (limits_apply(c, err) < 0)
		return -1;
	/* restore thawed it to find its jobs. */
	return c->paused ? BACKEND_CALL(c->server->container_klass, c->id, pause, err, c->backend,
					true)
			 : 0;
}

/* A limit that can no longer be set is logged and does not end the container. */
static void recovery_reapply_done(struct operation *operation, int result, struct warden_error *err)
{
	struct recovery *recovery = (struct recovery *)operation;
	struct container *c = operation->container;

	--*recovery->pending;
	if (result < 0)
		log_write(WARDEN_LOG_ERROR, "%s: restore limits or pause: %s", c->id, err->message);
	if (c->stop.interrupted)
		container_stop(c, SIGTERM, NULL);
	free(recovery);
}

/* Sets the limits again, so that the backend watches them and reports events that occurred while no
 * daemon ran. */
static void recovery_reapply(struct recovery *recovery)
{
	recovery->operation.run = recovery_reapply_run;
	recovery->operation.done = recovery_reapply_done;
	++*recovery->pending;
	container_queue(recovery->operation.container, &recovery->operation);
}

static void recovery_restore_done(struct operation *operation, int result, struct warden_error *err)
{
	struct recovery *recovery = (struct recovery *)operation;
	struct container *c = operation->container;
	const struct warden_restored *restored = &recovery->restored;

	--*recovery->pending;
	if (result < 0)
		log_write(WARDEN_LOG_ERROR, "%s: restore: %s", c->id, err->message);
	if (result == 0 && restored->alive && recovery->whole && !recovery->in_tmp &&
	    (c->state & (STATE_ACTIVE | STATE_STOPPED))) {
		recovery_activate(c, restored);
		free(restored->jobs);
		recovery_reapply(recovery);
		return;
	}
	for (size_t i = 0; i < restored->n_jobs; i++)
		recovery_close_pipes(&restored->jobs[i]);
	c->destroy.renamed = recovery->in_tmp;
	if (recovery->whole && !recovery->in_tmp && c->state == STATE_DESTROYING) {
		log_write(WARDEN_LOG_INFO, "%s: going on with its destroy, handle %s", c->id,
			  c->handle);
		registry_list(&c->server->registry, c); /* nobody has been told that it is gone */
	} else {
		log_write(WARDEN_LOG_WARN, "%s: dead or incomplete, removing it", c->id);
	}
	container_discard(c);
	free(restored->jobs);
	free(recovery);
}

static void recovery_note_job_ids(struct container *c)
{
	const struct job *job;

	TAILQ_FOREACH(job, &c->jobs, link)
		if (job->id > c->server->last_job_id)
			c->server->last_job_id = job->id;
}

/* Reads the snapshot. False: it is invalid, or its handle is in use; then the directory is a copy
 * of another container's. */
static bool recovery_read_snapshot(struct container *c)
{
	struct warden_error err;

	if (snapshot_read(c, &err) < 0) {
		log_write(WARDEN_LOG_WARN, "%s: %s", c->id, err.message);
		return false;
	}
	recovery_note_job_ids(c);
	rules_recover_ports(c);
	return !registry_find_handle(&c->server->registry, c->handle);
}

/* Makes the container from the identity in its directory; takes `dir_fd` on success. NULL: the
 * directory is not a container, its id is in use, or no memory. */
static struct container *recovery_new_container(struct server *server, int parent_fd,
						const char *name, int dir_fd)
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
		recovery_take_pools(c);
	return c;
}

/* Removes a file or directory that is not a container, without the backend. */
static void recovery_remove_foreign(struct server *server, int parent_fd, const char *name)
{
	struct warden_error err;

	log_write(WARDEN_LOG_WARN, "%s: not a container, removing it", name);
	if (remove_tree(parent_fd, name, &err) < 0)
		log_write(WARDEN_LOG_ERROR, "%s/%s: %s", server->settings.depot_path, name,
			  err.message);
}

static int recovery_recover_entry(struct server *server, int parent_fd, const char *name,
				  uint32_t *pending, struct warden_error *err)
{
	struct recovery *recovery;
	struct container *c;
	int dir_fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	c = dir_fd < 0 ? NULL : recovery_new_container(server, parent_fd, name, dir_fd);
	if (!c) {
		if (dir_fd >= 0)
			close(dir_fd);
		recovery_remove_foreign(server, parent_fd, name);
		return 0;
	}
	recovery = calloc(1, sizeof(*recovery));
	if (!recovery) {
		container_free(c);
		return warden_error_set(err, "no memory to recover %s", name);
	}
	recovery->in_tmp = parent_fd == server->tmp_fd;
	recovery->whole = recovery_read_snapshot(c);
	recovery->pending = pending;
	recovery->operation.run = recovery_restore_run;
	recovery->operation.done = recovery_restore_done;
	registry_add(&server->registry, c);
	++*pending;
	container_queue(c, &recovery->operation);
	return 0;
}

static bool recovery_is_candidate(const char *name)
{
	return strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && strcmp(name, "tmp") != 0 &&
	       strcmp(name, "lost+found") != 0;
}

static int recovery_compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int recovery_select_candidate(const struct dirent *entry)
{
	return recovery_is_candidate(entry->d_name);
}

/* Recovers the entries in the order of their names, which is the order of creation. */
static int recovery_recover_directory(struct server *server, int parent_fd, uint32_t *pending,
				      struct warden_error *err)
{
	struct dirent **entries;
	int n = scandirat(parent_fd, ".", &entries, recovery_select_candidate,
			  recovery_compare_names);
	int result = 0;

	if (n < 0)
		return warden_error_errno(err, "read depot %s", server->settings.depot_path);
	for (int i = 0; i < n; i++) {
		if (result == 0)
			result = recovery_recover_entry(server, parent_fd, entries[i]->d_name,
							pending, err);
		free(entries[i]);
	}
	free(entries);
	return result;
}

static void recovery_sort_listed(struct server *server)
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

static void recovery_on_timeout(uv_timer_t *timer)
{
	uv_timer_t **place = timer->data;

	timer_stop(place);
}

/* Waits until dead containers are removed, because their interfaces and addresses could clash with
 * those of a new container. */
static void recovery_await_removal(struct server *server)
{
	uv_timer_t *timer = NULL;

	if (server->leaving > 0)
		timer = timer_start(server, REMOVAL_MS, recovery_on_timeout, &timer);
	while (timer && server->leaving > 0)
		uv_run(&server->loop, UV_RUN_ONCE);
	timer_stop(&timer);
	if (server->leaving > 0)
		log_write(WARDEN_LOG_WARN, "%u dead containers are not removed yet",
			  server->leaving);
}

int recovery_run(struct server *server, struct warden_error *err)
{
	uint32_t pending = 0;
	struct container *c;
	int result = recovery_recover_directory(server, server->depot_fd, &pending, err);

	if (result == 0)
		result = recovery_recover_directory(server, server->tmp_fd, &pending, err);
	while (pending > 0)
		uv_run(&server->loop, UV_RUN_ONCE);
	if (result < 0)
		return -1;
	recovery_await_removal(server);
	recovery_sort_listed(server);
	TAILQ_FOREACH(c, &server->registry.listed, listed) {
		grace_update(c);
		ttl_start(c);
	}
	return 0;
}
