/* SPDX-License-Identifier: Apache-2.0 */
/* Loads the container of a directory. What is absent, what is wrong and what cannot be read now are
 * told apart: only the first is ever removed. See recovery.h. */
#include <config.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/container/container_subject.h"
#include "core/job/job.h"
#include "core/rules/rules.h"
#include "core/server.h"
#include "core/state/recovery.h"
#include "core/state/snapshot.h"
#include "lib/cleanup.h"
#include "lib/transient.h"

/* A directory, as far as it was read. */
struct recovery_entry {
	int parent_fd;
	const char *name;
	int dir_fd; /* -1: cannot be opened now */
	char id[12];
	struct warden_identity identity;
};

bool recovery_new(struct container *c)
{
	c->recovery = calloc(1, sizeof(*c->recovery));
	return c->recovery;
}

int recovery_open_directory(struct container *c, struct warden_error *err)
{
	const struct server *server = c->server;

	if (c->dir_fd < 0)
		c->dir_fd = openat(c->recovery->in_tmp ? server->tmp_fd : server->depot_fd, c->name,
				   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	c->identity.dir_fd = c->dir_fd;
	return c->dir_fd < 0 ? warden_error_errno(err, "open %s", c->path) : 0;
}

void recovery_discard(struct container *c)
{
	rules_free(&c->rules);
	container_free(c);
}

/* Makes the container in memory. */
static struct container *recovery_load_new(struct server *server,
					   const struct recovery_entry *entry,
					   struct warden_error *err)
{
	bool in_tmp = entry->parent_fd == server->tmp_fd;
	struct container *c = container_new(server, entry->id, NULL);

	warden_error_set(err, "no memory to recover %s", entry->name);
	err->number = ENOMEM;
	if (!c)
		return NULL;
	free(c->name);
	c->name = strdup(entry->name);
	if (!recovery_new(c) || !c->name ||
	    asprintf(&c->path, "%s%s/%s", server->settings.depot_path, in_tmp ? "/tmp" : "",
		     entry->name) < 0) {
		c->path = NULL;
		container_free(c);
		return NULL;
	}
	c->identity = entry->identity;
	c->identity.size = sizeof(c->identity);
	c->identity.id = c->id;
	c->identity.path = c->path;
	c->dir_fd = c->identity.dir_fd = entry->dir_fd;
	c->recovery->in_tmp = c->recovery->removes = in_tmp;
	c->recovery->moved = strcmp(entry->id, entry->name) != 0;
	c->recovery->unidentified = entry->identity.network.s_addr == 0;
	return c;
}

/* Makes a container of which no more than its id, and maybe its identity, can be read now. */
static struct container *recovery_load_unread(struct server *server,
					      const struct recovery_entry *entry,
					      const struct warden_error *reason,
					      struct warden_error *err)
{
	char text[sizeof(((struct recovery *)NULL)->reason)];
	struct container *c;

	snprintf(text, sizeof(text), "%.*s", (int)sizeof(text) - 1, reason->message);
	c = recovery_load_new(server, entry, err);
	if (!c)
		return NULL;
	c->recovery->unread = true;
	c->recovery->state = STATE_ACTIVE;
	memcpy(c->recovery->reason, text, sizeof(text));
	return c;
}

static void recovery_note_job_ids(struct container *c)
{
	const struct job *job;

	TAILQ_FOREACH(job, &c->jobs, link)
		if (job->id > c->server->last_job_id)
			c->server->last_job_id = job->id;
}

/* Checks a snapshot that was read. -1: the directory is to be set aside. */
static int recovery_load_accept(struct container *c, struct warden_error *err)
{
	struct recovery *recovery = c->recovery;
	const struct container *other = registry_find_handle(&c->server->registry, c->handle);

	recovery->unidentified = c->identity.network.s_addr == 0;
	recovery_note_job_ids(c);
	recovery->state = c->state;
	recovery->destroys = c->state == STATE_DESTROYING && !recovery->removes && !other;
	if (!(c->state & (STATE_ACTIVE | STATE_STOPPED)))
		recovery->removes = true;
	if (recovery->removes)
		return 0;
	if (other)
		return warden_error_set(err, "its handle %.100s is that of container %s", c->handle,
					other->id);
	if (recovery->unidentified)
		return warden_error_set(err, "its etc/config and snapshot.json name no network");
	output_store_remove_strays(c);
	return 0;
}

/* Reads the snapshot. Returns the container, another one if the snapshot cannot be read now, or
 * NULL if the directory is to be set aside. */
static struct container *recovery_load_snapshot(struct container *c,
						const struct recovery_entry *entry,
						struct warden_error *err)
{
	struct server *server = c->server;
	struct warden_error reason = {0};
	int result = snapshot_read(c, &reason);

	if (result < 0 && reason.number == ENOENT && !c->recovery->moved)
		c->recovery->removes = true; /* its create was not completed */
	else if (result == 0)
		result = recovery_load_accept(c, &reason);
	if (result == 0 || c->recovery->removes)
		return c;
	c->dir_fd = -1;
	recovery_discard(c);
	if (!transient_is_not(reason.number))
		return recovery_load_unread(server, entry, &reason, err);
	close(entry->dir_fd);
	*err = reason;
	err->number = 0;
	return NULL;
}

/* Without a container: closes the directory; `number` is that of recovery_load. */
static struct container *recovery_load_none(const struct recovery_entry *entry, int number,
					    struct warden_error *err)
{
	if (entry->dir_fd >= 0)
		close(entry->dir_fd);
	err->number = number;
	return NULL;
}

struct container *recovery_load(struct server *server, int parent_fd, const char *name,
				struct warden_error *err)
{
	struct recovery_entry entry = {.parent_fd = parent_fd, .name = name};
	struct warden_error reason = {0};
	bool is_id = identity_is_id(name), known = false;
	struct container *c;

	entry.dir_fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (entry.dir_fd < 0)
		warden_error_errno(&reason, "open %s", name);
	else
		known = identity_read(entry.dir_fd, entry.id, &entry.identity, &reason) == 0;
	if (!known && !is_id) {
		*err = reason;
		return recovery_load_none(
			&entry, entry.dir_fd >= 0 && transient_is_not(reason.number) ? 0 : ENOENT,
			err);
	}
	if (!known)
		memcpy(entry.id, name, sizeof(entry.id));
	if (entry.dir_fd < 0 && transient_is_not(reason.number)) {
		*err = reason;
		return recovery_load_none(&entry, ENOENT, err);
	}
	if (registry_find_id(&server->registry, entry.id)) {
		warden_error_set(err, "its id %s is that of another directory", entry.id);
		return recovery_load_none(&entry, 0, err);
	}
	if (!known && !transient_is_not(reason.number))
		return recovery_load_unread(server, &entry, &reason, err);
	c = recovery_load_new(server, &entry, err);
	return c ? recovery_load_snapshot(c, &entry, err) : recovery_load_none(&entry, ENOMEM, err);
}

static void recovery_release(struct container *c)
{
	struct recovery *recovery = c->recovery;

	if (!recovery)
		return;
	if (recovery->open)
		c->server->recovering--;
	if (recovery->open && recovery->unidentified)
		c->server->unidentified--;
	timer_stop(&recovery->timer);
	free(recovery);
	c->recovery = NULL;
}

const struct container_subject recovery_subject = {
	.release = recovery_release,
};
