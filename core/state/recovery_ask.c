/* SPDX-License-Identifier: Apache-2.0 */
/* Asks the backend for a container of an earlier daemon until it answers or has surely ended; see
 * recovery.h. */
#include <config.h>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/backend/backend_call.h"
#include "core/descriptors.h"
#include "core/job/job_start.h"
#include "core/limits/limits.h"
#include "core/log.h"
#include "core/rules/rules.h"
#include "core/server.h"
#include "core/state/job_log.h"
#include "core/state/journal.h"
#include "core/state/recovery.h"
#include "core/state/set_aside.h"
#include "core/state/snapshot.h"
#include "lib/cleanup.h"
#include "lib/transient.h"

/* The pause before the second ask; it doubles up to the longest. */
enum { DELAY_MS = 10, DELAY_MAX_MS = 5000 };

/* How far numbers of jobs that only a container knows may be ahead of the last that is known. */
enum { NUMBERS_AHEAD = 65536 };

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
	if (recovery->removes)
		return WARDEN_RESTORE_BORN;
	return recovery->state == STATE_ACTIVE ? WARDEN_RESTORE_ACTIVE : WARDEN_RESTORE_STOPPED;
}

static unsigned recovery_needed_descriptors(const struct container *c)
{
	const struct job *job;
	unsigned needed = DESCRIPTORS_CONTAINER;

	TAILQ_FOREACH(job, &c->jobs, link)
		needed += job->ended ? 0 : DESCRIPTORS_KEPT_JOB;
	return needed;
}

/* Sets the jobs that the container may have. The caller frees them. */
static int recovery_list_known(const struct container *c, uint32_t **known, size_t *n,
			       struct warden_error *err)
{
	const struct job *job;
	size_t count = 1;

	TAILQ_FOREACH(job, &c->jobs, link)
		count++;
	*n = 0;
	*known = calloc(count, sizeof(**known));
	if (!*known)
		return warden_error_errno(err, "list the jobs");
	TAILQ_FOREACH(job, &c->jobs, link)
		(*known)[(*n)++] = job->id;
	return 0;
}

/* Worker thread. */
static int recovery_ask_backend(struct recovery *recovery, struct container *c,
				struct warden_error *err)
{
	const struct warden_container_klass *container_klass = c->server->container_klass;
	_cleanup_free_ uint32_t *known = NULL;
	int result = 0;

	if (recovery_list_known(c, &known, &recovery->restored.n_known_jobs, err) < 0)
		return -1;
	recovery->restored.known_jobs = known;
	if (c->backend && container_klass->reconnect)
		result = BACKEND_CALL(container_klass, c->id, reconnect, err, c->backend,
				      &recovery->restored);
	else if (!c->backend)
		result = BACKEND_CALL(container_klass, c->id, restore, err, c->server->backend,
				      &c->identity, recovery_restore_state(recovery), &c->backend,
				      &recovery->restored);
	recovery->restored.known_jobs = NULL;
	return result;
}

/* Worker thread. */
static int recovery_ask_run(struct operation *operation, struct warden_error *err)
{
	struct recovery *recovery = (struct recovery *)operation;
	struct container *c = operation->container;
	int result;

	recovery->restored = (struct warden_restored){.size = sizeof(recovery->restored)};
	if ((!recovery->removes && descriptors_check(recovery_needed_descriptors(c), 0, err) < 0) ||
	    recovery_open_directory(c, err) < 0)
		return -1;
	identity_set_options(c);
	result = recovery_ask_backend(recovery, c, err);
	if (result == 0 && recovery->restored.alive && !recovery->removes)
		recovery_restore_rules(c);
	return result;
}

/* Worker thread. Tries to read the files, so that the loop thread can read them without waiting. */
static int recovery_probe_run(struct operation *operation, struct warden_error *err)
{
	static const char *const names[] = {"etc/config", "snapshot.json", "jobs.log"};
	struct container *c = operation->container;
	char byte;

	if (recovery_open_directory(c, err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_close_ int fd =
			openat(c->dir_fd, names[i], O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

		if ((fd < 0 || read(fd, &byte, 1) < 0) && !transient_is_not(errno))
			return warden_error_errno(err, "read %s/%s", c->path, names[i]);
	}
	return 0;
}

/* Ends the jobs of the snapshot that the backend does not know; nothing else ends them. The daemon
 * was killed before it sent them: a container lists what has begun until it may forget it. */
static void recovery_end_lost_jobs(struct container *c)
{
	struct job *job, *next;

	for (job = TAILQ_FIRST(&c->jobs); job; job = next) {
		next = TAILQ_NEXT(job, link);
		if (job->started)
			continue;
		log_write(WARDEN_LOG_WARN, "%s: job %u never began", c->id, job->id);
		job_start_undo(job);
	}
}

static void recovery_close_pipes(const struct warden_restored_job *found)
{
	cleanup_close(&found->stdout_fd);
	cleanup_close(&found->stderr_fd);
	cleanup_close(&found->stdin_fd);
}

static void recovery_drop_jobs(struct recovery *recovery)
{
	const struct warden_restored *restored = &recovery->restored;

	for (size_t i = 0; i < restored->n_jobs; i++)
		recovery_close_pipes(WARDEN_ELEMENT(restored->jobs, restored->job_size, i));
	free(restored->jobs);
	recovery->restored = (struct warden_restored){0};
}

/* A number that only the container knows is not given again, unless it would leave none for others:
 * all that containers list raise the numbers of the snapshots by NUMBERS_AHEAD at most. */
static void recovery_count_job(struct server *server, uint32_t job_id)
{
	if (job_id > server->last_job_id && job_id - server->stored_job_id <= NUMBERS_AHEAD)
		server->last_job_id = job_id;
}

/* Connects the running jobs to the backend's. A job that is not in the snapshot was collected or
 * never answered, so no client can ask for it: it is discarded. */
static void recovery_attach_jobs(struct container *c, const struct warden_restored *restored)
{
	for (size_t i = 0; i < restored->n_jobs; i++) {
		const struct warden_restored_job *found =
			WARDEN_ELEMENT(restored->jobs, restored->job_size, i);
		struct job *job = job_find(c, found->job_id);

		recovery_count_job(c->server, found->job_id);
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
	struct container *c = operation->container;

	if (result < 0 && !c->destroy.started)
		log_write(WARDEN_LOG_ERROR, "%s: restore limits or pause: %s", c->id, err->message);
	if (c->stop.interrupted && !c->destroy.started)
		container_stop(c, SIGTERM, NULL);
	free(operation);
}

/* Sets the limits again, so that the backend watches them and reports events that occurred while no
 * daemon ran. Takes the recovery, which is over. */
static void recovery_reapply(struct container *c, struct recovery *recovery)
{
	recovery->operation = (struct operation){
		.run = recovery_reapply_run,
		.done = recovery_reapply_done,
	};
	container_queue(c, &recovery->operation);
}

static void recovery_close(struct container *c)
{
	struct recovery *recovery = c->recovery;

	if (!recovery->open)
		return;
	recovery->open = false;
	c->server->recovering--;
	if (recovery->unidentified)
		c->server->unidentified--;
}

static void recovery_activate(struct container *c)
{
	struct server *server = c->server;
	struct recovery *recovery = c->recovery;

	recovery_close(c);
	c->recovery = NULL;
	c->state = recovery->state;
	c->alive = true;
	/* Clients that were connected while it was unreachable count as those of a create do. */
	c->created_serial = server->starting ? 0 : server->last_serial;
	if (!c->is_listed)
		registry_list(&server->registry, c);
	log_write(WARDEN_LOG_INFO, "%s: recovered, %s, handle %s", c->id,
		  container_state_name(c->state), c->handle);
	if (recovery->told)
		journal_container(c, WARDEN__EVENTS_RESPONSE__KIND__REACHABLE, NULL);
	recovery_attach_jobs(c, &recovery->restored);
	free(recovery->restored.jobs);
	recovery_reapply(c, recovery);
	if (server->starting)
		return; /* recovery_run does the rest for all */
	grace_update(c);
	ttl_start(c);
}

/* Numbers and ports that the container took stay taken. */
static void recovery_set_aside(struct container *c, const char *reason)
{
	c->owns_network = c->owns_uid = c->owns_slot = false;
	rules_free(&c->rules);
	set_aside_directory(c->server, c->name, reason);
	container_free(c);
}

/* Destroys what is dead or was never complete. A directory that somebody put there is not removed:
 * it is set aside. */
static void recovery_remove(struct container *c)
{
	struct server *server = c->server;

	recovery_close(c);
	if (c->recovery->moved && !c->recovery->in_tmp && server->container_klass->detach) {
		BACKEND_CALL_VOID(server->container_klass, c->id, detach, c->backend);
		c->backend = NULL;
		registry_remove(&server->registry, c);
		recovery_set_aside(c, "its container is dead");
		return;
	}
	c->destroy.renamed = c->recovery->in_tmp;
	if (c->recovery->destroys)
		log_write(WARDEN_LOG_INFO, "%s: continuing its destroy, handle %s", c->id,
			  c->handle);
	else
		log_write(WARDEN_LOG_WARN, "%s: dead or incomplete, removing it", c->id);
	if (c->is_listed)
		container_destroy(c, NULL);
	else
		container_discard(c);
}

void recovery_tell(struct container *c)
{
	struct recovery *recovery = c->recovery;

	if (recovery->told || recovery->removes)
		return;
	recovery->told = true;
	log_write(WARDEN_LOG_WARN, "%s: unreachable, handle %s: %s", c->id, c->handle,
		  recovery->reason);
	journal_container(c, WARDEN__EVENTS_RESPONSE__KIND__UNREACHABLE, NULL);
}

static void recovery_on_timer(uv_timer_t *timer)
{
	struct container *c = timer->data;

	timer_stop(&c->recovery->timer);
	recovery_ask(c);
}

/* Lists the container as unreachable and asks it later. */
static void recovery_postpone(struct container *c, const char *reason)
{
	struct recovery *recovery = c->recovery;
	struct server *server = c->server;

	snprintf(recovery->reason, sizeof(recovery->reason), "%.*s",
		 (int)sizeof(recovery->reason) - 1, reason);
	if (!recovery->removes && !c->is_listed)
		registry_list(&server->registry, c);
	if (!server->starting)
		recovery_tell(c);
	if (c->backend && !server->container_klass->reconnect) {
		recovery_close(c); /* it stays so until the next daemon */
		return;
	}
	recovery->delay_ms = recovery->delay_ms == 0                 ? DELAY_MS
			     : recovery->delay_ms * 2 < DELAY_MAX_MS ? recovery->delay_ms * 2
								     : DELAY_MAX_MS;
	recovery->timer = timer_start(server, recovery->delay_ms, recovery_on_timer, c);
}

static void recovery_move_references(struct container *from, struct container *to)
{
	struct reference *reference;

	while ((reference = LIST_FIRST(&from->references))) {
		LIST_REMOVE(reference, of_container);
		reference->container = to;
		LIST_INSERT_HEAD(&to->references, reference, of_container);
	}
}

/* Replaces a container whose files could not be read by the one that was read now. */
static void recovery_replace(struct container *c, struct container *fresh, bool listed)
{
	struct server *server = c->server;

	fresh->recovery->told = c->recovery->told;
	fresh->owns_network = c->owns_network;
	fresh->owns_uid = c->owns_uid;
	fresh->owns_slot = c->owns_slot;
	c->owns_network = c->owns_uid = c->owns_slot = false;
	recovery_move_references(c, fresh);
	container_free(c);
	recovery_admit(fresh);
	if (listed && !fresh->recovery->removes) {
		registry_list(&server->registry, fresh);
		recovery_sort(server);
		ttl_start(fresh);
	}
	recovery_ask(fresh);
}

/* The files can be read now, or so it seems. */
static void recovery_reload(struct container *c)
{
	struct server *server = c->server;
	int parent_fd = c->recovery->in_tmp ? server->tmp_fd : server->depot_fd;
	struct warden_error err = {0};
	bool listed = c->is_listed;
	struct container *fresh;

	registry_remove(&server->registry, c); /* its id is not another directory's */
	fresh = recovery_load(server, parent_fd, c->name, &err);
	if (fresh && !fresh->recovery->unread) {
		recovery_replace(c, fresh, listed);
		return;
	}
	if (!fresh && err.number == 0) {
		recovery_set_aside(c, err.message);
		return;
	}
	registry_add(&server->registry, c);
	if (listed) {
		registry_list(&server->registry, c);
		recovery_sort(server);
	}
	recovery_postpone(c, fresh ? fresh->recovery->reason : err.message);
	if (fresh)
		recovery_discard(fresh);
}

static void recovery_probe_done(struct container *c, int result, const struct warden_error *err)
{
	if (result < 0)
		recovery_postpone(c, err->message);
	else if (!TAILQ_EMPTY(&c->operations))
		recovery_postpone(c, c->recovery->reason); /* a request still uses it */
	else
		recovery_reload(c);
}

static void recovery_ask_done(struct operation *operation, int result, struct warden_error *err)
{
	struct recovery *recovery = (struct recovery *)operation;
	struct container *c = operation->container;
	struct server *server = c->server;

	recovery->busy = false;
	if (!recovery->asked)
		server->unasked--;
	recovery->asked = true;
	if (c->destroy.started) {
		recovery_drop_jobs(recovery);
		recovery_close(c);
	} else if (recovery->unread) {
		recovery_probe_done(c, result, err);
	} else if (result < 0) {
		recovery_postpone(c, err->message);
	} else if (recovery->restored.alive && !recovery->died && !recovery->removes) {
		recovery_activate(c);
	} else if (recovery->restored.unreachable && !recovery->died && !recovery->removes) {
		recovery_postpone(c, recovery->restored.reason);
	} else {
		recovery_drop_jobs(recovery);
		recovery_remove(c);
	}
}

void recovery_ask(struct container *c)
{
	struct recovery *recovery = c->recovery;

	if (recovery->busy || c->destroy.started || c->server->stopped)
		return;
	timer_stop(&recovery->timer);
	recovery->busy = true;
	recovery->operation = (struct operation){
		.run = recovery->unread ? recovery_probe_run : recovery_ask_run,
		.done = recovery_ask_done,
	};
	container_queue(c, &recovery->operation);
}

void recovery_note_death(struct container *c)
{
	c->recovery->died = true;
	recovery_ask(c);
}

int recovery_find(struct container *c, struct warden_error *err)
{
	const struct server *server = c->server;
	struct warden_restored restored = {.size = sizeof(restored)};
	char id[sizeof(c->id)];

	if (recovery_open_directory(c, err) < 0 && err->number != ENOENT)
		return -1;
	/* If its network cannot be read, the backend removes what bears its id. */
	if (c->recovery->unidentified)
		(void)identity_read(c->dir_fd, id, &c->identity, err);
	return BACKEND_CALL(server->container_klass, c->id, restore, err, server->backend,
			    &c->identity, WARDEN_RESTORE_BORN, &c->backend, &restored);
}
