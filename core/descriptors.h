/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's budget of descriptors. New work is refused while a reserve is left, so that what
 * runs already, and the end of it, never lacks one. Any thread. */
#ifndef CORE_DESCRIPTORS_H
#define CORE_DESCRIPTORS_H

#include <stdbool.h>

#include "warden/error.h"

/* How many descriptors work needs while it begins. */
enum {
	DESCRIPTORS_CONNECTION = 1,
	DESCRIPTORS_CONTAINER = 16, /* to create it, or to restore it */
	DESCRIPTORS_JOB = 8,        /* to start it */
	DESCRIPTORS_KEPT_JOB = 3,   /* of a job that runs */
	DESCRIPTORS_PREPARED = 4,   /* that the removal of a prepared container frees at least */
};

/* Fails with err->number EMFILE unless `needed` descriptors can be opened and the reserve is left,
 * or will be when the `lent` ones that are being closed are; at most half of it is used meanwhile.
 */
int descriptors_check(unsigned needed, unsigned lent, struct warden_error *err);

/* Likewise, for clients: they are refused later than work is, so that one can still be connected
 * to end some. */
int descriptors_check_client(unsigned lent, struct warden_error *err);

/* Whether 1/`part` of the limit is free. */
bool descriptors_have_part(unsigned part);

#endif
