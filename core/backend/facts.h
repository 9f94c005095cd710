/* SPDX-License-Identifier: Apache-2.0 */
/* What was found out about this machine and the daemon, kept for an answer or a report. */
#ifndef CORE_BACKEND_FACTS_H
#define CORE_BACKEND_FACTS_H

#include "warden/backend.h"

/* One fact; its strings are the list's. */
struct fact {
	char *name, *value, *effect, *remedy; /* effect and remedy: or NULL */
	bool good;
};

struct facts {
	struct fact *facts;
	size_t n;
	bool failed; /* there was no memory for all of them */
};

/* A warden_fact_function whose data is a struct facts: copies the fact to its end. */
void facts_add(void *data, const struct warden_fact *fact);

void facts_free(struct facts *facts);

#endif
