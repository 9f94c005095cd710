/* SPDX-License-Identifier: Apache-2.0 */
/* Limits the lines of one client or container; see log_limit.h. There is no lock, which a fork
 * could leave locked: two threads at the turn of a second may admit a few lines more. */
#include <config.h>

#include "core/log_limit.h"

#include <stdarg.h>
#include <time.h>

#include "core/log.h"

bool log_limit_admits(struct log_limit *limit, uint64_t second, uint32_t *suppressed)
{
	uint_least64_t before = atomic_load(&limit->second);

	*suppressed = 0;
	if (before != second && atomic_compare_exchange_strong(&limit->second, &before, second)) {
		atomic_store(&limit->lines, 0);
		*suppressed = atomic_exchange(&limit->suppressed, 0);
	}
	if (atomic_fetch_add(&limit->lines, 1) < LOG_LIMIT_LINES)
		return true;
	atomic_fetch_add(&limit->suppressed, 1);
	return false;
}

static void log_limit_tell(const char *subject, uint32_t suppressed)
{
	if (suppressed > 0)
		log_write(WARDEN_LOG_WARN, "%s: %u lines suppressed", subject,
			  (unsigned)suppressed);
}

void log_vwrite_limited(struct log_limit *limit, const char *subject, enum warden_log_level level,
			const char *format, va_list args)
{
	struct timespec now = {0};
	uint32_t suppressed;
	bool admitted;

	if (!log_enabled(level))
		return;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &now); /* cannot fail for this clock */
	admitted = log_limit_admits(limit, (uint64_t)now.tv_sec, &suppressed);
	log_limit_tell(subject, suppressed);
	if (admitted)
		log_vwrite(level, subject, format, args);
}

void log_write_limited(struct log_limit *limit, const char *subject, enum warden_log_level level,
		       const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_vwrite_limited(limit, subject, level, format, args);
	va_end(args);
}

void log_limit_flush(struct log_limit *limit, const char *subject)
{
	log_limit_tell(subject, atomic_exchange(&limit->suppressed, 0));
}
