/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of NAME=VALUE as execve(2) takes them: arrays of texts that end in NULL, all from malloc.
 */
#ifndef LIB_ENVIRONMENT_H
#define LIB_ENVIRONMENT_H

#include <protobuf-c/protobuf-c.h>

#include "warden/error.h"

/* Reads the entries of a request's field `env`. 0; or -1 and `err`, which names the entry. */
int environment_read(char ***list, const ProtobufCBinaryData *entries, size_t n,
		     struct warden_error *err);

/* Whether entry `i`, UTF-8, is NAME=VALUE with a name in one line that none before it has; `field`
 * names the list in the error. */
int environment_check(char *const *list, size_t i, const char *field, struct warden_error *err);

/* One list of several (NULL: an empty one), in their order; of entries with the same name the last
 * one counts, at the place of the first. NULL: no memory. */
char **environment_merge(char *const *const *lists, size_t n_lists);

/* Frees a list, which may be NULL. */
void environment_free(char **list);

static inline void cleanup_environment(char ***list)
{
	environment_free(*list);
}

#define _cleanup_environment_ __attribute__((cleanup(cleanup_environment)))

#endif
