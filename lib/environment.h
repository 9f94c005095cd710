/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of NAME=VALUE as execve(2) takes them: arrays of strings that end in NULL, all allocated by
 * malloc. */
#ifndef LIB_ENVIRONMENT_H
#define LIB_ENVIRONMENT_H

#include <protobuf-c/protobuf-c.h>

#include "warden/error.h"

/* Reads the entries of a request's field `env` into a new list. Returns 0, or -1 and `err`, which
 * names the entry. */
int environment_read(char ***list, const ProtobufCBinaryData *entries, size_t n,
		     struct warden_error *err);

/* Checks that entry `i`, which is UTF-8, is NAME=VALUE, that its name has no control character, and
 * that no earlier entry has the same name. `field` names the list in the error. */
int environment_check(char *const *list, size_t i, const char *field, struct warden_error *err);

/* Merges several lists (NULL is an empty one) in their order. If a name occurs more than once, the
 * last value is used at the place of the first. NULL: no memory. */
char **environment_merge(char *const *const *lists, size_t n_lists);

/* Frees a list, which may be NULL. */
void environment_free(char **list);

static inline void cleanup_environment(char ***list)
{
	environment_free(*list);
}

#define _cleanup_environment_ __attribute__((cleanup(cleanup_environment)))

#endif
