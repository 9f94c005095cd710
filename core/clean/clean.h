/* SPDX-License-Identifier: Apache-2.0 */
/* `wardend --clean`, also called warden-gc: finds and removes what belongs to no container. The
 * backend knows what the kernel has; directories and mounts of the depot are here. Everything runs
 * on the main thread, without a server. */
#ifndef CORE_CLEAN_CLEAN_H
#define CORE_CLEAN_CLEAN_H

#include <stdio.h>

#include "core/config/config.h"

struct clean_options {
	bool dry_run, force, json;
};

/* Cleans the depot and the host; prints each object to `to`. -1 and `err` if it cannot begin, or if
 * something could not be removed. */
int clean_run(struct config *config, const struct warden_container_klass *container_klass,
	      const struct clean_options *options, FILE *to, struct warden_error *err);

#endif
