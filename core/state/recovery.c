/* SPDX-License-Identifier: Apache-2.0 */
/* Recovery at start: finds the directories of the depot and decides about each; see recovery.h. In
 * the depot a directory with the name of its id comes before any other with that id, which is a
 * copy. */
#include <config.h>

#include <dirent.h>
#include <stdlib.h>

#include "core/log.h"
#include "core/pools/pool.h"
#include "core/rules/rules.h"
#include "core/server.h"
#include "core/state/recovery.h"
#include "core/state/set_aside.h"
#include "lib/remove_tree.h"

enum {
	/* Longest time that the removal of dead containers delays the start. */
	REMOVAL_MS = 5000,
	/* Longest time that the start waits for containers that do not answer. Each is asked at
	   least once. */
	ANSWER_MS = 1000,
};

static void recovery_take_pools(struct container *c)
{
	struct server *server = c->server;
	uint64_t now = uv_now(&server->loop);

	/* A value outside the pool is from other settings; no other container can get it, so the
	 * container does not own it. */
	if (!c->owns_network)
		c->owns_network = pool_take_value(server->networks, now,
						  ntohl(c->identity.network.s_addr)) == 0;
	if (!c->owns_uid)
		c->owns_uid = pool_take_value(server->uids, now, c->identity.uid) == 0;
	if (!c->owns_slot)
		c->owns_slot = pool_take_value(server->slots, now, c->identity.slot) == 0;
}

void recovery_admit(struct container *c)
{
	struct server *server = c->server;
	struct recovery *recovery = c->recovery;

	if (!recovery->unidentified)
		recovery_take_pools(c);
	rules_recover_ports(c);
	registry_add(&server->registry, c);
	recovery->open = true;
	server->recovering++;
	server->unasked++;
	if (recovery->unidentified)
		server->unidentified++;
	if (recovery->destroys) {
		c->state = STATE_DESTROYING;
		registry_list(&server->registry, c);
	} else if (recovery->removes) {
		c->state = STATE_BORN;
		registry_forget_handle(&server->registry, c); /* another may have it */
	} else {
		c->state = STATE_UNREACHABLE;
	}
}

/* Removes a directory of DEPOT/tmp that is no container's, without the backend. */
static void recovery_remove_foreign(struct server *server, const char *name)
{
	struct warden_error err;

	log_write(WARDEN_LOG_WARN, "tmp/%s: not a container, removing it", name);
	if (remove_tree(server->tmp_fd, name, &err) < 0)
		log_write(WARDEN_LOG_ERROR, "%s/tmp/%s: %s", server->settings.depot_path, name,
			  err.message);
}

/* Whether a directory of the depot is that of a container that is admitted. */
static bool recovery_is_admitted(const struct server *server, const char *name)
{
	const struct container *c = registry_find_id(&server->registry, name);

	return c && !c->recovery->in_tmp && strcmp(c->name, name) == 0;
}

/* Whether the container's directory may be a copy of another one's. */
static bool recovery_is_foreign(const struct container *c)
{
	return c->recovery->moved && !c->recovery->in_tmp;
}

/* Recovers one entry. `moved`: if its name is not its id; the others are admitted already, or are
 * set aside. */
static int recovery_recover_entry(struct server *server, int parent_fd, const char *name,
				  bool moved, struct warden_error *err)
{
	struct warden_error reason = {0};
	struct container *c;

	if (moved && recovery_is_admitted(server, name))
		return 0;
	c = recovery_load(server, parent_fd, name, &reason);
	if (c && recovery_is_foreign(c) != moved) {
		recovery_discard(c);
	} else if (c) {
		recovery_admit(c);
	} else if (reason.number == ENOMEM) {
		*err = reason;
		return -1;
	} else if (parent_fd == server->tmp_fd) {
		recovery_remove_foreign(server, name);
	} else if (reason.number != 0) {
		if (!moved)
			log_write(WARDEN_LOG_WARN, "%s/%s is no container and stays: %s",
				  server->settings.depot_path, name, reason.message);
	} else if (moved) {
		set_aside_directory(server, name, reason.message);
	}
	return 0;
}

static int recovery_compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int recovery_select_candidate(const struct dirent *entry)
{
	static const char *const others[] = {"tmp", "lost+found", SET_ASIDE_DIRECTORY};

	if (entry->d_name[0] == '.') /* the directory, its parent, and files of a backend */
		return 0;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(entry->d_name, others[i]) == 0)
			return 0;
	return 1;
}

/* Recovers the entries in the order of their names, which is the order of creation. */
static int recovery_recover_directory(struct server *server, int parent_fd, bool moved,
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
							moved, err);
		free(entries[i]);
	}
	free(entries);
	return result;
}

/* Whether it was created before the other one. A prepared container has an older id than one that
 * was made meanwhile. */
static bool recovery_is_older(const struct container *c, const struct container *other)
{
	if (c->created_us != other->created_us)
		return c->created_us < other->created_us;
	return strcmp(c->id, other->id) < 0;
}

void recovery_sort(struct server *server)
{
	struct container *c, *other;
	TAILQ_HEAD(, container) sorted = TAILQ_HEAD_INITIALIZER(sorted);

	while ((c = TAILQ_FIRST(&server->registry.listed))) {
		TAILQ_REMOVE(&server->registry.listed, c, listed);
		TAILQ_FOREACH_REVERSE(other, &sorted, container_list, listed)
			if (recovery_is_older(other, c))
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

/* Asks every container; waits until each was asked once and, for a limited time, until all have
 * answered. */
static void recovery_ask_all(struct server *server)
{
	uv_timer_t *timer = timer_start(server, ANSWER_MS, recovery_on_timeout, &timer);

	registry_foreach(&server->registry, recovery_ask);
	while (server->unasked > 0 || (timer && server->recovering > 0))
		uv_run(&server->loop, UV_RUN_ONCE);
	timer_stop(&timer);
}

int recovery_run(struct server *server, struct warden_error *err)
{
	struct container *c;
	int result;

	server->starting = true;
	result = recovery_recover_directory(server, server->depot_fd, false, err);
	if (result == 0)
		result = recovery_recover_directory(server, server->tmp_fd, false, err);
	set_aside_reserve(server);
	if (result == 0)
		result = recovery_recover_directory(server, server->depot_fd, true, err);
	server->stored_job_id = server->last_job_id;
	recovery_ask_all(server);
	server->starting = false;
	if (result < 0)
		return -1;
	recovery_await_removal(server);
	recovery_sort(server);
	grace_begin_return_time(server);
	TAILQ_FOREACH(c, &server->registry.listed, listed) {
		if (c->recovery)
			recovery_tell(c);
		grace_update(c);
		ttl_start(c);
	}
	return 0;
}

void recovery_summarize(const struct server *server, char *text, size_t size)
{
	const struct container *c;
	size_t recovered = 0, unreachable = 0, aside = set_aside_count(server), length;

	TAILQ_FOREACH(c, &server->registry.listed, listed) {
		recovered += c->alive;
		unreachable += c->state == STATE_UNREACHABLE;
	}
	length = (size_t)snprintf(text, size, "%zu container%s recovered", recovered,
				  recovered == 1 ? "" : "s");
	if (unreachable > 0)
		length += (size_t)snprintf(text + length, size - length, ", %zu unreachable",
					   unreachable);
	if (aside > 0)
		snprintf(text + length, size - length, ", %zu set aside", aside);
}
