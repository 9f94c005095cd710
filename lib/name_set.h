/* SPDX-License-Identifier: Apache-2.0 */
/* A set of names, of which those that a hostile archive adds take a bounded amount of memory. */
#ifndef LIB_NAME_SET_H
#define LIB_NAME_SET_H

#include <stdbool.h>
#include <stddef.h>

struct name_set {
	void *root;    /* of tsearch(3) */
	size_t length; /* of all names */
};

/* Adds a copy of a name. Beyond 16 MiB, or without memory, the set stays as it is. */
void name_set_add(struct name_set *set, const char *name);
bool name_set_has(const struct name_set *set, const char *name);
void name_set_free(struct name_set *set);

#endif
