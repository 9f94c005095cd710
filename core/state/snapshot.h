/* SPDX-License-Identifier: Apache-2.0 */
/* What of a container is on disk: `etc/config`, who it is, written before the first side effect,
 * and `snapshot.json`, how it is, written before a change is answered. */
#ifndef CORE_STATE_SNAPSHOT_H
#define CORE_STATE_SNAPSHOT_H

#include "core/container/container.h"

/* The text of the snapshot, to be freed. NULL: no memory. */
char *snapshot_text(const struct container *container);

/* The same as if it were in that state. */
char *snapshot_text_as(const struct container *container, enum container_state state);

/* Any thread, one at a time for a container. Replaces the file whole; the one before it stays as
 * snapshot.json.new. */
int snapshot_write(const struct container *container, const char *text, struct warden_error *err);

/* As snapshot_write, for the text that was made for an operation; can be its `run`. */
int snapshot_store(struct operation *operation, struct warden_error *err);

/* Fills in what the snapshot holds, jobs included. -1 and `err`: there is none, or it is damaged.
 */
int snapshot_read(struct container *container, struct warden_error *err);

/* Who it is, as far as the snapshot tells, for a container whose etc/config is lost. */
bool snapshot_read_identity(int dir_fd, struct warden_identity *identity);

/* Worker thread. The lines are the original's, and `slot`. */
int identity_write(const struct container *container, struct warden_error *err);

/* The identity of the container whose directory is `dir_fd`; `id` has room for 12 bytes. */
int identity_read(int dir_fd, char *id, struct warden_identity *identity, struct warden_error *err);

/* host_ip and container_ip follow from the network. */
void identity_set_network(struct warden_identity *identity, struct in_addr network);

/* Whether a text could be a container's id. */
bool identity_is_id(const char *text);

#endif
