/* SPDX-License-Identifier: Apache-2.0 */
/* Limits how many lines a client or a container can make the daemon log. Any thread may use a limit
 * at any time; a limit whose bytes are 0 is ready. */
#ifndef CORE_LOG_LIMIT_H
#define CORE_LOG_LIMIT_H

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "warden/backend.h"

enum { LOG_LIMIT_LINES = 10 }; /* in a second */

struct log_limit {
	atomic_uint_least64_t second; /* of the monotonic clock */
	atomic_uint_least32_t lines;  /* in this second */
	atomic_uint_least32_t suppressed;
};

/* As log_write, with `subject` and ": " before the text, unless the limit is reached. The first
 * line of a later second is preceded by one that says how many lines were suppressed. */
void log_write_limited(struct log_limit *limit, const char *subject, enum warden_log_level level,
		       const char *format, ...) __attribute__((format(printf, 4, 5)));

void log_vwrite_limited(struct log_limit *limit, const char *subject, enum warden_log_level level,
			const char *format, va_list args) __attribute__((format(printf, 4, 0)));

/* Logs how many lines were suppressed, if that is not logged yet. */
void log_limit_flush(struct log_limit *limit, const char *subject);

/* Counts a line of this second; false: it is over the limit. `*suppressed` is how many lines of
 * earlier seconds were over it. */
bool log_limit_admits(struct log_limit *limit, uint64_t second, uint32_t *suppressed);

#endif
