/* SPDX-License-Identifier: Apache-2.0 */
/* Directories of the depot that cannot be understood: they are moved to DEPOT/damaged and stay
 * there until an operator removes or repairs them. What they name (id, network, uid, slot, ports)
 * is given to no container; their processes are left alone. */
#ifndef CORE_STATE_SET_ASIDE_H
#define CORE_STATE_SET_ASIDE_H

#include <stdbool.h>
#include <stddef.h>

struct server;

#define SET_ASIDE_DIRECTORY "damaged"

/* Moves DEPOT/`name` aside and reserves what it names. If that fails the directory stays where it
 * is, which is logged. */
void set_aside_directory(struct server *server, const char *name, const char *reason);

/* Reserves what the directories that were set aside earlier name. Call it when the containers have
 * taken theirs. */
void set_aside_reserve(struct server *server);

/* Whether the id belongs to a directory that is set aside. */
bool set_aside_has_id(const struct server *server, const char *id);

/* How many there are. */
size_t set_aside_count(const struct server *server);

void set_aside_free(struct server *server);

#endif
