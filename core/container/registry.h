/* SPDX-License-Identifier: Apache-2.0 */
/* The containers by handle, by id, and in the order of their creation. */
#ifndef CORE_CONTAINER_REGISTRY_H
#define CORE_CONTAINER_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

struct container;

struct registry {
	LIST_HEAD(registry_bucket, container) * handles, *ids;
	TAILQ_HEAD(, container) listed; /* their creates have succeeded */
	size_t n;                       /* containers */
	size_t n_prepared; /* of which these are prepared, being made and removed too */
};

/* False: no memory. */
bool registry_open(struct registry *registry);
void registry_close(struct registry *registry);

void registry_add(struct registry *registry, struct container *container);
void registry_remove(struct registry *registry, struct container *container);

/* Adds a container whose create succeeded to those that List shows. */
void registry_list(struct registry *registry, struct container *container);

/* Removes the handle, so that requests do not find it any more; events still find the container by
 * its id. */
void registry_forget_handle(struct registry *registry, struct container *container);

/* Stores up to `most` containers that are being destroyed; returns how many there are. */
size_t registry_find_leaving(const struct registry *registry, const struct container **found,
			     size_t most);

/* The number of containers in a state (of enum container_state), listed or not, but for prepared
 * ones. */
size_t registry_count(const struct registry *registry, unsigned state);

/* The number of containers but for prepared ones. */
size_t registry_count_all(const struct registry *registry);

/* Calls `visit`, which must not change the registry, for each container, listed or not. */
void registry_foreach(const struct registry *registry, void (*visit)(struct container *));

struct container *registry_find_handle(const struct registry *registry, const char *handle);
struct container *registry_find_id(const struct registry *registry, const char *id);

#endif
