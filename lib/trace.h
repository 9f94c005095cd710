/* SPDX-License-Identifier: Apache-2.0 */
/* The time of each step of a list, such as that of a create, for one line of the log. Without
 * logging.trace there is no trace, and a step costs a comparison. One thread at a time. */
#ifndef LIB_TRACE_H
#define LIB_TRACE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/probe.h"

struct trace;

/* Begins; NULL if it is not `on` or there is no memory: then nothing is traced. */
struct trace *trace_new(bool on);
void trace_free(struct trace *trace);

/* Ends a step, which took the time since the last one's end. */
void trace_add(struct trace *trace, const char *step);

/* "STEP MILLISECONDS, ...; TOTAL ms": the sum of the steps. Valid until the next call. */
const char *trace_text(struct trace *trace);

/* A step of the list ("create") of the container `id` has ended. */
static inline void trace_step(struct trace *trace, const char *list, const char *step,
			      const char *id)
{
	PROBE3(step, list, step, id);
	if (trace)
		trace_add(trace, step);
}

#endif
