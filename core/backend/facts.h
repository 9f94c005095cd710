/* SPDX-License-Identifier: Apache-2.0 */
/* A list of facts about this host and the daemon, for an answer or a report. */
#ifndef CORE_BACKEND_FACTS_H
#define CORE_BACKEND_FACTS_H

#include "warden/backend.h"

/* One fact; the list owns its strings. */
struct fact_copy {
	char *name, *value, *effect, *remedy; /* effect and remedy may be NULL */
	bool good;
};

struct facts {
	struct fact_copy *facts;
	size_t n;
	bool failed; /* facts are missing: no memory */
};

/* A warden_fact_function; `data` is a struct facts. Appends a copy of the fact; sets `failed` if
 * there is no memory. */
void facts_add(void *data, const struct warden_fact *fact);

/* Frees the facts and empties the list. */
void facts_free(struct facts *facts);

#endif
