/* SPDX-License-Identifier: Apache-2.0 */
/* How the parts of the backend report facts about this machine to operators. */
#ifndef BACKENDS_LINUX_HOST_HOST_REPORT_H
#define BACKENDS_LINUX_HOST_HOST_REPORT_H

#include "warden/backend.h"

/* The receiver of facts: `report` is called with `data` for each. */
struct host_report {
	const struct warden_host *host;
	warden_fact_function report;
	void *data;
};

/* Reports a fact. `effect` says what is lacking, NULL if nothing is; `remedy` may be NULL. */
static inline void host_report_fact(const struct host_report *to, const char *name,
				    const char *value, const char *effect, const char *remedy)
{
	const struct warden_fact fact = {.size = sizeof(struct warden_fact),
					 .name = name,
					 .value = value,
					 .good = !effect,
					 .effect = effect,
					 .remedy = remedy};

	to->report(to->data, &fact);
}

#endif
