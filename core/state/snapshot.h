/* SPDX-License-Identifier: Apache-2.0 */
/* A container's files on disk: `etc/config` holds its identity and is written before the first side
 * effect; `snapshot.json` holds its state and is written before a change is answered. */
#ifndef CORE_STATE_SNAPSHOT_H
#define CORE_STATE_SNAPSHOT_H

#include "core/container/container.h"

/* The text of the snapshot, malloc'd. Jobs and request ids are in the log of jobs, see job_log.h;
 * the snapshot shows the latest jobs. NULL: no memory. */
char *snapshot_text(const struct container *container);

/* As snapshot_text, with `state` as the container's state. */
char *snapshot_text_as(const struct container *container, enum container_state state);

/* As snapshot_text, with jobs and request ids: all that is known of the container in one file, for
 * the time when no daemon runs. */
char *snapshot_whole_text(const struct container *container);

/* Any thread, one at a time per container. Replaces the file atomically; the previous one remains
 * as snapshot.json.new. */
int snapshot_write(const struct container *container, const char *text, struct warden_error *err);

/* Loop thread, right before `run`: takes what the operation stores. */
void snapshot_prepare(struct operation *operation);

/* Worker thread; usable as an operation's `run`. Writes the snapshot of the operation, if there is
 * one, and the records of jobs and request ids that waited when it began; then the backend may
 * forget jobs whose end they tell of. */
int snapshot_store(struct operation *operation, struct warden_error *err);

/* Reads the snapshot into `container`, including jobs, and the identity if that has no network. -1
 * and `err`: err->number is ENOENT if there is none, 0 if it is invalid, or that of an error of
 * reading it; then the container is of no use. */
int snapshot_read(struct container *container, struct warden_error *err);

/* What a directory that is set aside names: network, uid and slot, if they are known, and the rules
 * of `in` whose ports it has. The caller frees the rules. */
struct snapshot_claims {
	struct warden_identity identity;
	bool has_identity;
	struct rules rules;
};

/* Reads what can be understood of a damaged snapshot. If it is no JSON the previous one counts. */
void snapshot_read_claims(int dir_fd, struct snapshot_claims *claims);

/* Worker thread. Writes etc/config: the lines of the original Warden, and `slot`. */
int identity_write(const struct container *container, struct warden_error *err);

/* Copies what the client chose for all jobs into the identity, for the backend. */
void identity_set_options(struct container *c);

/* Reads etc/config in the directory `dir_fd`; `id` has room for 12 bytes. */
int identity_read(int dir_fd, char *id, struct warden_identity *identity, struct warden_error *err);

/* Sets the network, host_ip (network + 1) and container_ip (network + 2). */
void identity_set_network(struct warden_identity *identity, struct in_addr network);

/* Whether `text` has the form of a container's id: 11 base-32 digits. */
bool identity_is_id(const char *text);

#endif
