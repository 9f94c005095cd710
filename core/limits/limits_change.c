/* SPDX-License-Identifier: Apache-2.0 */
/* A request that sets limits: first the backend, then the snapshot, which holds them only when they
 * are in force; then it is answered. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "core/limits/limits.h"
#include "core/log.h"
#include "core/server.h"
#include "core/state/snapshot.h"
#include "core/wire/request.h"

struct change {
	struct operation operation;
	struct request *request;
	bool names; /* errors begin with those of fields of Limits */
	void (*answer)(struct request *, const struct warden_limits *);
	/* What is asked, what of it was in force and what was asked before, what is in force now;
	 * their texts are ours. */
	struct warden_limits asked, before, asked_before, in_force;
};

static void change_free(struct change *change)
{
	limits_free(&change->asked);
	limits_free(&change->before);
	limits_free(&change->asked_before);
	limits_free(&change->in_force);
	free(change);
}

/* Takes the name of the field of Limits from the front. */
static void drop_name(struct warden_error *err)
{
	const char *colon = strstr(err->message, ": ");

	if (colon)
		memmove(err->message, colon + 2, strlen(colon + 2) + 1);
}

static int set(struct container *c, const struct warden_limits *limits, struct change *change,
	       struct warden_error *err)
{
	struct warden_limits told;

	warden_limits_init(&told);
	if (c->server->container_klass->set_limits(c->backend, limits, &told, err) < 0) {
		if (change && !change->names)
			drop_name(err);
		return -1;
	}
	if (change && !limits_merge(&change->in_force, &told))
		return warden_error_set(err, "no memory for limits");
	return 0;
}

static int change_run(struct operation *operation, struct warden_error *err)
{
	struct change *change = (struct change *)operation;
	struct container *c = operation->container;

	if (limits_any(&change->asked) && limits_ask(c, &change->before, err) < 0)
		return -1;
	return set(c, &change->asked, change, err);
}

/* What was in force before is again, where the snapshot cannot be written: a full disk, say. */
static int store_run(struct operation *operation, struct warden_error *err)
{
	struct change *change = (struct change *)operation;
	struct container *c = operation->container;
	struct warden_error undo;

	if (snapshot_store(operation, err) == 0)
		return 0;
	limits_mask(&change->before, &change->asked);
	if (set(c, &change->before, NULL, &undo) < 0)
		log_write(WARDEN_LOG_ERROR, "%s: %s", c->id, undo.message);
	return -1;
}

static void finish(struct change *change, int result, const struct warden_error *err)
{
	struct container *c = change->operation.container;

	if (result < 0) {
		request_fail(change->request, err);
	} else {
		limits_free(&c->in_force);
		c->in_force = change->in_force; /* its text, too */
		warden_limits_init(&change->in_force);
		c->in_force_known = true;
		change->answer(change->request, &c->in_force);
	}
	change_free(change);
}

static void store_done(struct operation *operation, int result, struct warden_error *err)
{
	struct change *change = (struct change *)operation;

	if (result < 0) {
		struct warden_limits *limits = &operation->container->limits;

		limits_free(limits);
		*limits = change->asked_before;
		warden_limits_init(&change->asked_before);
	}
	finish(change, result, err);
}

static void change_done(struct operation *operation, int result, struct warden_error *err)
{
	struct change *change = (struct change *)operation;
	struct container *c = operation->container;

	if (result == 0 && limits_any(&change->asked)) {
		if (limits_merge(&change->asked_before, &c->limits) &&
		    limits_merge(&c->limits, &change->asked)) {
			operation->run = store_run;
			operation->done = store_done;
			operation->make_snapshot = snapshot_text;
			container_queue(c, operation);
			return;
		}
		result = warden_error_set(err, "no memory for limits");
	}
	finish(change, result, err);
}

int limits_request(struct request *request, const struct warden_limits *asked, bool names,
		   void (*answer)(struct request *, const struct warden_limits *),
		   struct warden_error *err)
{
	struct container *c = request->container;
	struct change *change;

	if (!c->server->container_klass->set_limits)
		return warden_error_set(err, "limits: the backend has none");
	change = calloc(1, sizeof(*change));
	if (!change)
		return warden_error_set(err, "no memory for limits");
	warden_limits_init(&change->asked);
	warden_limits_init(&change->before);
	warden_limits_init(&change->asked_before);
	warden_limits_init(&change->in_force);
	if (!limits_merge(&change->asked, asked)) {
		change_free(change);
		return warden_error_set(err, "no memory for limits");
	}
	change->request = request;
	change->names = names;
	change->answer = answer;
	change->operation.run = change_run;
	change->operation.done = change_done;
	container_queue(c, &change->operation);
	return 0;
}
