/* SPDX-License-Identifier: Apache-2.0 */
/* Static probes of the provider `warden`, for bpftrace and the like; see doc/operations.md. Each is
 * an instruction that does nothing until somebody attaches to it. Without <sys/sdt.h> of systemtap
 * there are none. Only strings and numbers. */
#ifndef LIB_PROBE_H
#define LIB_PROBE_H

#if defined(__has_include)
#if __has_include(<sys/sdt.h>)
#define PROBE_EXISTS
#endif
#endif

#ifdef PROBE_EXISTS
#include <sys/sdt.h>
#define PROBE2(name, a, b)       DTRACE_PROBE2(warden, name, a, b)
#define PROBE3(name, a, b, c)    DTRACE_PROBE3(warden, name, a, b, c)
#define PROBE4(name, a, b, c, d) DTRACE_PROBE4(warden, name, a, b, c, d)
#else
static inline void probe_nothing(const char *text, ...)
{
	(void)text;
}
#define PROBE2(name, a, b)       probe_nothing(#name, a, b)
#define PROBE3(name, a, b, c)    probe_nothing(#name, a, b, c)
#define PROBE4(name, a, b, c, d) probe_nothing(#name, a, b, c, d)
#endif

#endif
