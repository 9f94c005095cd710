/* SPDX-License-Identifier: Apache-2.0 */
/* Containers are found by handle and by id, and listed in the order of their creation. */
#include <config.h>

#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/container/container.h"
#include "core/container/registry.h"
#include "lib/cleanup.h"

enum { MANY = 20000 };

/* Makes a container without a server: the registry uses only its handle and id. */
static struct container *test_registry_add(struct registry *registry, const char *handle,
					   unsigned number)
{
	struct container *c = calloc(1, sizeof(*c));

	if (!c || !(c->handle = strdup(handle)))
		exit(EXIT_FAILURE);
	snprintf(c->id, sizeof(c->id), "%011u", number);
	registry_add(registry, c);
	return c;
}

static void test_registry_discard(struct registry *registry, struct container *c)
{
	registry_remove(registry, c);
	free(c->handle);
	free(c);
}

static void a_container_is_found_by_handle_and_by_id(void)
{
	struct registry registry;
	struct container *a, *b;

	unit_true(registry_open(&registry));
	a = test_registry_add(&registry, "a/b \xc3\xa4", 1);
	b = test_registry_add(&registry, "00000000001",
			      2); /* the id of another container is a valid handle */
	unit_true(registry_find_handle(&registry, "a/b \xc3\xa4") == a);
	unit_true(registry_find_handle(&registry, "00000000001") == b);
	unit_true(registry_find_id(&registry, "00000000001") == a);
	unit_true(registry_find_id(&registry, "00000000002") == b);
	unit_true(registry_find_handle(&registry, "a/b") == NULL);
	unit_true(registry_find_handle(&registry, "") == NULL);
	unit_true(registry_find_id(&registry, "a/b \xc3\xa4") == NULL);
	test_registry_discard(&registry, a);
	test_registry_discard(&registry, b);
	unit_unsigned(registry.n, 0);
	registry_close(&registry);
}

static void only_listed_containers_are_listed_in_that_order(void)
{
	struct registry registry;
	struct container *c[4], *at;
	static const char *const handles[] = {"z", "y", "x", "w"};

	unit_true(registry_open(&registry));
	for (unsigned i = 0; i < 4; i++)
		c[i] = test_registry_add(&registry, handles[i], i);
	registry_list(&registry, c[2]);
	registry_list(&registry, c[0]);
	registry_list(&registry, c[1]);
	registry_forget_handle(&registry, c[0]);
	at = TAILQ_FIRST(&registry.listed);
	unit_true(at == c[2]);
	at = at ? TAILQ_NEXT(at, listed) : NULL;
	unit_true(at == c[1] && TAILQ_NEXT(at, listed) == NULL);
	for (unsigned i = 0; i < 4; i++)
		test_registry_discard(&registry, c[i]);
	unit_true(TAILQ_EMPTY(&registry.listed));
	registry_close(&registry);
}

static void a_released_handle_is_free_and_its_container_is_found_by_id(void)
{
	struct registry registry;
	struct container *old, *new;

	unit_true(registry_open(&registry));
	old = test_registry_add(&registry, "h", 1);
	registry_list(&registry, old);
	registry_forget_handle(&registry, old);
	registry_forget_handle(&registry, old);
	unit_true(registry_find_handle(&registry, "h") == NULL);
	new = test_registry_add(&registry, "h", 2);
	unit_true(registry_find_handle(&registry, "h") == new);
	unit_true(registry_find_id(&registry, "00000000001") == old);
	test_registry_discard(&registry, old);
	unit_true(registry_find_handle(&registry, "h") == new);
	unit_true(registry_find_id(&registry, "00000000001") == NULL);
	test_registry_discard(&registry, new);
	registry_close(&registry);
}

/* More than the buckets, so that chains are searched and shortened at every position. */
static void many_containers_are_found_while_others_are_removed(void)
{
	static struct container *all[MANY];
	struct registry registry;
	char handle[16];
	unsigned wrong = 0;

	unit_true(registry_open(&registry));
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(handle, sizeof(handle), "h%u", i);
		all[i] = test_registry_add(&registry, handle, i);
	}
	for (unsigned i = 0; i < MANY; i += 3)
		test_registry_discard(&registry, all[i]);
	for (unsigned i = 0; i < MANY; i++) {
		struct container *expected = i % 3 == 0 ? NULL : all[i];

		snprintf(handle, sizeof(handle), "h%u", i);
		wrong += registry_find_handle(&registry, handle) != expected;
		snprintf(handle, sizeof(handle), "%011u", i);
		wrong += registry_find_id(&registry, handle) != expected;
	}
	unit_unsigned(wrong, 0);
	for (unsigned i = 0; i < MANY; i++)
		if (i % 3 != 0)
			test_registry_discard(&registry, all[i]);
	unit_unsigned(registry.n, 0);
	registry_close(&registry);
}

int main(int argc, char **argv)
{
	static const struct unit_test tests[] = {
		UNIT_TEST(a_container_is_found_by_handle_and_by_id),
		UNIT_TEST(only_listed_containers_are_listed_in_that_order),
		UNIT_TEST(a_released_handle_is_free_and_its_container_is_found_by_id),
		UNIT_TEST(many_containers_are_found_while_others_are_removed),
	};

	return unit_main(argc, argv, "registry", tests, ARRAY_SIZE(tests));
}
