/* SPDX-License-Identifier: Apache-2.0 */
/* The network rules of a container: arrays, messages, JSON in the snapshot, and changes. A change
 * is an operation of the container and applies to the result of the previous one. */
#ifndef CORE_RULES_RULES_H
#define CORE_RULES_RULES_H

#include <jansson.h>

#include "core/container/container.h"
#include "proto/warden.pb-c.h"

enum { RULES_MAX = 1024 }; /* per direction and container */

/* Frees the arrays, which may be NULL, and clears the struct. */
void rules_free(struct rules *rules);
/* False: no memory, and `copy` is empty. */
bool rules_copy(struct rules *copy, const struct rules *rules);

/* Adds a rule; an existing rule is not added twice. An existing outbound rule moves to the front if
 * `first` is set. In a rule of `in` port 0 is chosen later: host_port from the pool, container_port
 * as host_port. `index`: the position of the rule. */
int rules_add_in(struct rules *rules, const struct warden_in_rule *rule, size_t *index,
		 struct warden_error *err);
int rules_add_out(struct rules *rules, const struct warden_out_rule *rule, bool first,
		  struct warden_error *err);

/* Removes an equal rule (of `in` with any container_port if that is 0). -1 and `err`: there is
 * none. */
int rules_remove_in(struct rules *rules, const struct warden_in_rule *rule,
		    struct warden_error *err);
int rules_remove_out(struct rules *rules, const struct warden_out_rule *rule,
		     struct warden_error *err);

/* rules_message.c: read and check a rule of a request; errors name field and value. */
int rules_read_in(const Warden__NetInRequest *asked, struct warden_in_rule *rule,
		  struct warden_error *err);
int rules_read_out(const Warden__NetOutRequest *asked, struct warden_out_rule *rule,
		   struct warden_error *err);

/* Writes a message that reads as the same rule; its texts are in `text`. */
struct rules_out_text {
	char network[40], port_range[16];
};
void rules_write_in(Warden__NetInRequest *message, const struct warden_in_rule *rule);
void rules_write_out(Warden__NetOutRequest *message, struct rules_out_text *text,
		     const struct warden_out_rule *rule);

/* rules_json.c: the rules in the snapshot. False: the JSON is damaged. */
json_t *rules_to_json(const struct rules *rules);
bool rules_from_json(struct rules *rules, const json_t *json);
/* Reads those rules of `in` that are not damaged. */
void rules_in_from_damaged_json(struct rules *rules, const json_t *json);

/* rules_change.c: a request that changes rules. */
struct rules_change;

/* Loop thread, right before the change: edits `next`, a copy of the current rules. */
typedef int rules_edit(struct rules_change *change, struct warden_error *err);

/* Loop thread, after success: answers the request; `next` is in force. */
typedef void rules_answer(struct rules_change *change);

struct rules_change {
	struct operation operation;
	struct request *request;
	rules_edit *edit;
	rules_answer *answer;
	struct rules next;
	size_t index; /* for `edit` and `answer`: the rule of `next.in` that the request is about */
	uint16_t *held; /* ports of `next` that the container does not hold yet */
	size_t n_held;
};

/* Queues a change, whose end answers the request. -1 and `err`: the backend has no rules, or no
 * memory. */
int rules_change_begin(struct request *request, rules_edit *edit, rules_answer *answer,
		       struct warden_error *err);

/* Answers without fields. */
void rules_answer_empty(struct rules_change *change);

/* Puts `NAME[INDEX]: ` before an error about one of several rules; returns -1. */
int rules_error_at(const char *name, size_t index, struct warden_error *err);

/* Takes the ports of a recovered container. A rule whose port belongs to another container by now
 * is dropped and logged. */
void rules_recover_ports(struct container *container);

/* Takes the ports of a directory that is set aside, except those that a container has. */
void rules_reserve_ports(struct server *server, const struct rules *rules);

/* Returns all ports to the pool and clears the rules; the backend has removed them already. */
void rules_release(struct container *container);

/* The rules for the backend; refers to `rules`. */
struct warden_rules rules_for_backend(const struct rules *rules);

/* False and `err`: the backend does not support rules. */
bool rules_are_supported(const struct container *container, struct warden_error *err);

#endif
