/* SPDX-License-Identifier: Apache-2.0 */
/* The network rules of a container: as arrays, as messages, in the snapshot, and how they change. A
 * change is an operation of the container's: what it changes is what the one before it has left. */
#ifndef CORE_RULES_RULES_H
#define CORE_RULES_RULES_H

#include <jansson.h>

#include "core/container/container.h"
#include "proto/warden.pb-c.h"

enum { RULES_MAX = 1024 }; /* of each direction, for a container */

/* Frees the arrays, which may be NULL. */
void rules_free(struct rules *rules);
/* False: no memory, and `copy` is empty. */
bool rules_copy(struct rules *copy, const struct rules *rules);

/* A rule that is there already is not added once more: an outbound one moves to the front, where
 * `first` is set, and stays where it is otherwise. In a rule of `in` the port 0 is one that is
 * still to be chosen: for host_port from the pool, for container_port as host_port. `index`: where
 * it is. */
int rules_add_in(struct rules *rules, const struct warden_in_rule *rule, size_t *index,
		 struct warden_error *err);
int rules_add_out(struct rules *rules, const struct warden_out_rule *rule, bool first,
		  struct warden_error *err);

/* Takes a rule out that is equal (of `in` with any container_port where that is 0). -1: there is
 * none. */
int rules_remove_in(struct rules *rules, const struct warden_in_rule *rule,
		    struct warden_error *err);
int rules_remove_out(struct rules *rules, const struct warden_out_rule *rule,
		     struct warden_error *err);

/* rules_message.c: checks what a client asks for; the error names field and value. */
int rules_read_in(const Warden__NetInRequest *asked, struct warden_in_rule *rule,
		  struct warden_error *err);
int rules_read_out(const Warden__NetOutRequest *asked, struct warden_out_rule *rule,
		   struct warden_error *err);

/* A message of a rule that reads as the same rule again; its texts are in `text`. */
struct rules_out_text {
	char network[40], port_range[16];
};
void rules_write_in(Warden__NetInRequest *message, const struct warden_in_rule *rule);
void rules_write_out(Warden__NetOutRequest *message, struct rules_out_text *text,
		     const struct warden_out_rule *rule);

/* rules_json.c: of the snapshot. Reading fails on anything that was not written so. */
json_t *rules_to_json(const struct rules *rules);
bool rules_from_json(struct rules *rules, const json_t *json);

/* rules_change.c: a request that changes rules. */
struct rules_change;

/* Loop thread, right before the change: `next` is a copy of the rules as they are. */
typedef int rules_edit(struct rules_change *change, struct warden_error *err);

/* Loop thread: it has worked, `next` is in force; answers the request. */
typedef void rules_answer(struct rules_change *change);

struct rules_change {
	struct operation operation;
	struct request *request;
	rules_edit *edit;
	rules_answer *answer;
	struct rules next;
	size_t index;   /* for `edit` and `answer`: the rule of `next.in` that it is about */
	uint16_t *held; /* ports of `next` that the container does not have yet */
	size_t n_held;
};

/* Begins a change, which ends with the answer. */
int rules_change_begin(struct request *request, rules_edit *edit, rules_answer *answer,
		       struct warden_error *err);

/* The answer without fields. */
void rules_answer_empty(struct rules_change *change);

/* Puts `NAME[INDEX]: ` before an error that is about one of several rules; returns -1. */
int rules_error_at(const char *name, size_t index, struct warden_error *err);

/* Takes the ports of a container that was found again. A rule whose port is another's by now is
 * dropped. */
void rules_recover_ports(struct container *container);

/* Gives all ports back and forgets the rules: the backend has taken them down. */
void rules_release(struct container *container);

/* The rules as the backend wants them; borrowed. */
struct warden_rules rules_for_backend(const struct rules *rules);

/* False, and `err`: the container's backend has no rules. */
bool rules_are_supported(const struct container *container, struct warden_error *err);

#endif
