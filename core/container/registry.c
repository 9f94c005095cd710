/* SPDX-License-Identifier: Apache-2.0 */
/* The table of containers; see registry.h. */
#include <config.h>

#include "core/container/registry.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/container/container.h"

/* A power of two; the pools have room for some thousands of containers. */
enum { BUCKETS = 4096 };

/* FNV-1a: texts are short, and an attacker only lengthens the chain of his own handles. */
static size_t registry_hash(const char *text)
{
	uint64_t value = 14695981039346656037U;

	for (; *text; text++)
		value = (value ^ (uint8_t)*text) * 1099511628211U;
	return (size_t)((value ^ (value >> 32)) & (BUCKETS - 1));
}

bool registry_open(struct registry *registry)
{
	registry->n = registry->n_prepared = 0;
	TAILQ_INIT(&registry->listed);
	registry->handles = calloc(BUCKETS, sizeof(*registry->handles));
	registry->ids = calloc(BUCKETS, sizeof(*registry->ids));
	return registry->handles && registry->ids;
}

void registry_close(struct registry *registry)
{
	free(registry->handles);
	free(registry->ids);
}

void registry_add(struct registry *registry, struct container *container)
{
	LIST_INSERT_HEAD(&registry->handles[registry_hash(container->handle)], container,
			 by_handle);
	LIST_INSERT_HEAD(&registry->ids[registry_hash(container->id)], container, by_id);
	container->handle_known = true;
	registry->n++;
	registry->n_prepared += container->prepared;
}

void registry_list(struct registry *registry, struct container *container)
{
	TAILQ_INSERT_TAIL(&registry->listed, container, listed);
	container->is_listed = true;
}

void registry_forget_handle(struct registry *registry, struct container *container)
{
	if (container->is_listed)
		TAILQ_REMOVE(&registry->listed, container, listed);
	container->is_listed = false;
	if (container->handle_known)
		LIST_REMOVE(container, by_handle);
	container->handle_known = false;
}

void registry_remove(struct registry *registry, struct container *container)
{
	registry_forget_handle(registry, container);
	LIST_REMOVE(container, by_id);
	registry->n--;
	registry->n_prepared -= container->prepared;
}

size_t registry_find_leaving(const struct registry *registry, const struct container **found,
			     size_t most)
{
	const struct container *container;
	size_t n = 0;

	for (size_t i = 0; i < BUCKETS; i++)
		LIST_FOREACH(container, &registry->ids[i], by_id) {
			if (!container->destroy.started)
				continue;
			if (n < most)
				found[n] = container;
			n++;
		}
	return n;
}

size_t registry_count(const struct registry *registry, unsigned state)
{
	const struct container *container;
	size_t n = 0;

	for (size_t i = 0; i < BUCKETS; i++)
		LIST_FOREACH(container, &registry->ids[i], by_id)
			n += !container->prepared && (unsigned)container->state == state;
	return n;
}

size_t registry_count_all(const struct registry *registry)
{
	return registry->n - registry->n_prepared;
}

void registry_foreach(const struct registry *registry, void (*visit)(struct container *))
{
	struct container *container;

	for (size_t i = 0; i < BUCKETS; i++)
		LIST_FOREACH(container, &registry->ids[i], by_id)
			visit(container);
}

struct container *registry_find_handle(const struct registry *registry, const char *handle)
{
	struct container *container;

	LIST_FOREACH(container, &registry->handles[registry_hash(handle)], by_handle)
		if (strcmp(container->handle, handle) == 0)
			return container;
	return NULL;
}

struct container *registry_find_id(const struct registry *registry, const char *id)
{
	struct container *container;

	LIST_FOREACH(container, &registry->ids[registry_hash(id)], by_id)
		if (strcmp(container->id, id) == 0)
			return container;
	return NULL;
}
