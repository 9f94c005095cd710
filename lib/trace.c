/* SPDX-License-Identifier: Apache-2.0 */
/* See trace.h. */
#include "lib/trace.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/clock.h"

/* What does not fit is left out; the sum is of all steps. */
enum { TRACE_TEXT = 1024, TRACE_SUM = 32 };

struct trace {
	uint64_t begun_us, last_us; /* the last step's end */
	size_t length;
	char text[TRACE_TEXT + TRACE_SUM];
};

struct trace *trace_new(bool on)
{
	struct trace *trace = on ? calloc(1, sizeof(*trace)) : NULL;

	if (trace)
		trace->begun_us = trace->last_us = clock_monotonic_us();
	return trace;
}

void trace_free(struct trace *trace)
{
	free(trace);
}

void trace_add(struct trace *trace, const char *step)
{
	uint64_t now = clock_monotonic_us();
	int length =
		snprintf(trace->text + trace->length, TRACE_TEXT - trace->length, "%s%s %.3f",
			 trace->length ? ", " : "", step, (double)(now - trace->last_us) / 1e3);

	if (length > 0 && (size_t)length < TRACE_TEXT - trace->length)
		trace->length += (size_t)length;
	trace->last_us = now;
}

const char *trace_text(struct trace *trace)
{
	snprintf(trace->text + trace->length, sizeof(trace->text) - trace->length, "; %.3f ms",
		 (double)(trace->last_us - trace->begun_us) / 1e3);
	return trace->text;
}
