/* SPDX-License-Identifier: Apache-2.0 */
/* A set of names; see name_set.h. */
#include <config.h>

#include "lib/name_set.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#define NAME_SET_MAX ((size_t)16 * 1024 * 1024)

/* Memory of a name besides its characters: a node of the tree and the heads of both blocks. */
#define NAME_SET_NODE ((size_t)64)

static int name_set_compare(const void *one, const void *other)
{
	return strcmp(one, other);
}

void name_set_add(struct name_set *set, const char *name)
{
	size_t length = strlen(name) + NAME_SET_NODE;
	char *copy;

	if (length > NAME_SET_MAX - set->length || name_set_has(set, name))
		return;
	copy = strdup(name);
	if (!copy)
		return;
	if (tsearch(copy, &set->root, name_set_compare))
		set->length += length;
	else
		free(copy);
}

bool name_set_has(const struct name_set *set, const char *name)
{
	return tfind(name, &set->root, name_set_compare) != NULL;
}

void name_set_free(struct name_set *set)
{
	tdestroy(set->root, free);
	*set = (struct name_set){0};
}
