/* SPDX-License-Identifier: Apache-2.0 */
/* A request that sets limits: the backend applies them, then the snapshot is written, then the
 * request is answered. The snapshot contains only limits that are in force. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/backend/backend_call.h"
#include "core/limits/limits.h"
#include "core/log.h"
#include "core/server.h"
#include "core/state/snapshot.h"
#include "core/wire/request.h"

struct limits_change {
	struct operation operation;
	struct request *request;
	const char *label; /* see limits_request */
	void (*answer)(struct request *, const struct warden_limits *);
	/* The requested limits, their previous values in force and as requested, and the new values
	 * in force; all own their texts. */
	struct warden_limits asked, before, asked_before, in_force;
};

static void limits_change_free(struct limits_change *change)
{
	limits_free(&change->asked);
	limits_free(&change->before);
	limits_free(&change->asked_before);
	limits_free(&change->in_force);
	free(change);
}

/* Replaces the field name of Limits at the front, if there is one: the backend begins some errors
 * with it. */
static void limits_replace_field_name(struct warden_error *err, const char *label)
{
	const char *colon = strstr(err->message, ": ");
	char text[sizeof(err->message)];

	if (!colon || !limits_is_name(err->message, (size_t)(colon - err->message)))
		return;
	snprintf(text, sizeof(text), "%s", colon + 2);
	snprintf(err->message, sizeof(err->message), "%s%.*s", label,
		 (int)(sizeof(err->message) - strlen(label) - 1), text);
}

static int limits_change_set(struct container *c, const struct warden_limits *limits,
			     struct limits_change *change, struct warden_error *err)
{
	struct warden_limits reported;

	warden_limits_init(&reported);
	if (BACKEND_CALL(c->server->container_klass, c->id, set_limits, err, c->backend, limits,
			 &reported) < 0) {
		if (change && change->label)
			limits_replace_field_name(err, change->label);
		return -1;
	}
	if (change && !limits_merge(&change->in_force, &reported))
		return warden_error_set(err, "no memory for limits");
	return 0;
}

static int limits_change_run(struct operation *operation, struct warden_error *err)
{
	struct limits_change *change = (struct limits_change *)operation;
	struct container *c = operation->container;

	if (limits_any(&change->asked) && limits_ask(c, &change->before, err) < 0)
		return -1;
	return limits_change_set(c, &change->asked, change, err);
}

/* If the snapshot cannot be written, on a full disk for example, restores the previous limits. */
static int limits_store_run(struct operation *operation, struct warden_error *err)
{
	struct limits_change *change = (struct limits_change *)operation;
	struct container *c = operation->container;
	struct warden_error undo;

	if (snapshot_store(operation, err) == 0)
		return 0;
	limits_mask(&change->before, &change->asked);
	if (limits_change_set(c, &change->before, NULL, &undo) < 0)
		log_write(WARDEN_LOG_ERROR, "%s: restore the previous limits: %s", c->id,
			  undo.message);
	return -1;
}

static void limits_change_finish(struct limits_change *change, int result,
				 const struct warden_error *err)
{
	struct container *c = change->operation.container;

	if (result < 0) {
		request_fail(change->request, err);
	} else {
		limits_free(&c->in_force);
		c->in_force = change->in_force; /* owns its text from now on */
		warden_limits_init(&change->in_force);
		c->in_force_known = true;
		change->answer(change->request, &c->in_force);
	}
	limits_change_free(change);
}

static void limits_store_done(struct operation *operation, int result, struct warden_error *err)
{
	struct limits_change *change = (struct limits_change *)operation;

	if (result < 0) {
		struct warden_limits *limits = &operation->container->limits;

		limits_free(limits);
		*limits = change->asked_before;
		warden_limits_init(&change->asked_before);
	}
	limits_change_finish(change, result, err);
}

static void limits_change_done(struct operation *operation, int result, struct warden_error *err)
{
	struct limits_change *change = (struct limits_change *)operation;
	struct container *c = operation->container;

	if (result == 0 && limits_any(&change->asked)) {
		if (limits_merge(&change->asked_before, &c->limits) &&
		    limits_merge(&c->limits, &change->asked)) {
			operation->run = limits_store_run;
			operation->done = limits_store_done;
			operation->make_snapshot = snapshot_text;
			container_queue(c, operation);
			return;
		}
		result = warden_error_set(err, "no memory for limits");
	}
	limits_change_finish(change, result, err);
}

int limits_request(struct request *request, const struct warden_limits *asked, const char *label,
		   void (*answer)(struct request *, const struct warden_limits *),
		   struct warden_error *err)
{
	struct container *c = request->container;
	struct limits_change *change;

	if (!c->server->container_klass->set_limits)
		return warden_error_set(err, "limits: not supported by the backend");
	change = calloc(1, sizeof(*change));
	if (!change)
		return warden_error_set(err, "no memory for limits");
	warden_limits_init(&change->asked);
	warden_limits_init(&change->before);
	warden_limits_init(&change->asked_before);
	warden_limits_init(&change->in_force);
	if (!limits_merge(&change->asked, asked)) {
		limits_change_free(change);
		return warden_error_set(err, "no memory for limits");
	}
	change->request = request;
	change->label = label;
	change->answer = answer;
	change->operation.run = limits_change_run;
	change->operation.done = limits_change_done;
	container_queue(c, &change->operation);
	return 0;
}
