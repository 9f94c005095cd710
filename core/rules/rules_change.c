/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of rules. The next rules are made from the current ones right before a worker passes them
 * to the backend as a whole. Then the snapshot is written, and then the container takes them over.
 * A failure changes nothing. The ports of the next rules are held meanwhile. */
#include <config.h>

#include <stdlib.h>

#include "core/backend/backend_call.h"
#include "core/container/container_subject.h"
#include "core/log.h"
#include "core/pools/ports.h"
#include "core/rules/rules.h"
#include "core/state/snapshot.h"
#include "core/wire/request.h"

static bool rules_have_port(const struct rules *rules, uint16_t port)
{
	for (size_t i = 0; i < rules->n_in; i++)
		if (rules->in[i].host_port == port)
			return true;
	return false;
}

static bool rules_change_is_held(const struct rules_change *change, uint16_t port)
{
	for (size_t i = 0; i < change->n_held; i++)
		if (change->held[i] == port)
			return true;
	return false;
}

/* Takes the port of a rule unless the container holds it. */
static int rules_change_hold_port(struct rules_change *change, struct warden_in_rule *rule,
				  struct warden_error *err)
{
	struct container *c = change->operation.container;
	uint64_t now = uv_now(&c->server->loop);

	if (rule->host_port == 0) {
		if (ports_take(c->server->ports, now, &rule->host_port) < 0)
			return warden_error_set(err, "no port available");
	} else if (rules_have_port(&c->rules, rule->host_port) ||
		   rules_change_is_held(change, rule->host_port)) {
		return 0;
	} else if (ports_take_value(c->server->ports, now, rule->host_port) < 0) {
		return warden_error_set(err, "host_port %u: another container has it",
					rule->host_port);
	}
	change->held[change->n_held++] = rule->host_port;
	return 0;
}

/* Given ports are taken first, so that the pool does not choose one of them. */
static int rules_change_hold_ports(struct rules_change *change, struct warden_error *err)
{
	struct rules *next = &change->next;
	bool host_network = change->operation.container->server->container_klass->host_network;

	change->held = calloc(next->n_in + 1, sizeof(*change->held));
	if (!change->held)
		return warden_error_set(err, "no memory for ports");
	for (size_t i = 0; i < next->n_in; i++)
		if (next->in[i].host_port != 0 &&
		    rules_change_hold_port(change, &next->in[i], err) < 0)
			return -1;
	for (size_t i = 0; i < next->n_in; i++) {
		struct warden_in_rule *rule = &next->in[i];

		if (rule->host_port == 0 && rules_change_hold_port(change, rule, err) < 0)
			return -1;
		if (rule->container_port == 0 || host_network)
			rule->container_port = rule->host_port;
	}
	return 0;
}

static void rules_change_free_held(struct rules_change *change)
{
	struct server *server = change->operation.container->server;

	for (size_t i = 0; i < change->n_held; i++)
		ports_release(server->ports, uv_now(&server->loop), change->held[i]);
}

/* The snapshot with the next rules. */
static char *rules_change_make_snapshot(struct container *c, struct rules *next)
{
	struct rules now = c->rules;
	char *text;

	c->rules = *next;
	text = snapshot_text(c);
	c->rules = now;
	return text;
}

static int rules_change_prepare(struct operation *operation, struct warden_error *err)
{
	struct rules_change *change = (struct rules_change *)operation;
	struct container *c = operation->container;

	if (!rules_copy(&change->next, &c->rules))
		return warden_error_set(err, "no memory for rules");
	if (change->edit(change, err) < 0 || rules_change_hold_ports(change, err) < 0)
		return -1;
	operation->snapshot = rules_change_make_snapshot(c, &change->next);
	return operation->snapshot ? 0 : warden_error_set(err, "no memory for its snapshot");
}

/* Worker thread. Nothing else changes the container's rules meanwhile. */
static int rules_change_run(struct operation *operation, struct warden_error *err)
{
	struct rules_change *change = (struct rules_change *)operation;
	struct container *c = operation->container;
	const struct warden_container_klass *container_klass = c->server->container_klass;
	const struct warden_rules next = rules_for_backend(&change->next);
	const struct warden_rules before = rules_for_backend(&c->rules);
	struct warden_error undo;

	if (BACKEND_CALL(container_klass, c->id, set_rules, err, c->backend, &next) < 0)
		return -1;
	if (snapshot_store(operation, err) == 0)
		return 0;
	if (BACKEND_CALL(container_klass, c->id, set_rules, &undo, c->backend, &before) < 0)
		log_write(WARDEN_LOG_ERROR, "%s: restore the previous rules: %s", c->id,
			  undo.message);
	return -1;
}

/* The next rules become the container's; ports that they do not use are returned. */
static void rules_change_apply(struct rules_change *change)
{
	struct container *c = change->operation.container;
	struct server *server = c->server;
	struct rules before = c->rules;

	c->rules = change->next;
	change->next = (struct rules){0};
	for (size_t i = 0; i < before.n_in; i++)
		if (!rules_have_port(&c->rules, before.in[i].host_port))
			ports_release(server->ports, uv_now(&server->loop), before.in[i].host_port);
	rules_free(&before);
}

static void rules_change_done(struct operation *operation, int result, struct warden_error *err)
{
	struct rules_change *change = (struct rules_change *)operation;

	if (result < 0) {
		rules_change_free_held(change);
		request_fail(change->request, err);
	} else {
		change->answer(change);
		rules_change_apply(change);
	}
	rules_free(&change->next);
	free(change->held);
	free(change);
}

bool rules_are_supported(const struct container *c, struct warden_error *err)
{
	const struct warden_container_klass *container_klass = c->server->container_klass;

	if (container_klass->set_rules)
		return true;
	warden_error_set(err, "not supported by the backend %s", container_klass->name);
	return false;
}

int rules_change_begin(struct request *request, rules_edit *edit, rules_answer *answer,
		       struct warden_error *err)
{
	struct container *c = request->container;
	struct rules_change *change;

	if (!rules_are_supported(c, err))
		return -1;
	change = calloc(1, sizeof(*change));
	if (!change)
		return warden_error_set(err, "no memory for rules");
	change->request = request;
	change->edit = edit;
	change->answer = answer;
	change->operation.prepare = rules_change_prepare;
	change->operation.run = rules_change_run;
	change->operation.done = rules_change_done;
	container_queue(c, &change->operation);
	return 0;
}

void rules_answer_empty(struct rules_change *change)
{
	request_answer_empty(change->request);
}

int rules_error_at(const char *name, size_t index, struct warden_error *err)
{
	struct warden_error whole;

	warden_error_set(&whole, "%s[%zu]: %s", name, index, err->message);
	*err = whole;
	return -1;
}

void rules_recover_ports(struct container *c)
{
	struct server *server = c->server;
	size_t n = 0;

	for (size_t i = 0; i < c->rules.n_in; i++) {
		const struct rules earlier = {.in = c->rules.in, .n_in = n};
		const struct warden_in_rule rule = c->rules.in[i];

		if (rules_have_port(&earlier, rule.host_port) ||
		    ports_take_value(server->ports, uv_now(&server->loop), rule.host_port) == 0)
			c->rules.in[n++] = rule;
		else
			log_write(WARDEN_LOG_ERROR, "%s: host_port %u: another container has it",
				  c->id, rule.host_port);
	}
	c->rules.n_in = n;
}

void rules_reserve_ports(struct server *server, const struct rules *rules)
{
	uint64_t now = uv_now(&server->loop);

	for (size_t i = 0; i < rules->n_in; i++) /* -1: a container has it */
		(void)ports_take_value(server->ports, now, rules->in[i].host_port);
}

void rules_release(struct container *c)
{
	struct server *server = c->server;

	for (size_t i = 0; i < c->rules.n_in; i++)
		ports_release(server->ports, uv_now(&server->loop), c->rules.in[i].host_port);
	rules_free(&c->rules);
}

const struct container_subject rules_subject = {
	.release = rules_release,
};
