/* SPDX-License-Identifier: Apache-2.0 */
/* The line is updated at most ten times a second; see progress.h. */
#include <config.h>

#include "client/unpack/progress.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { INTERVAL_MS = 100 };

static uint64_t progress_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with this clock */
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void progress_init(struct progress *progress)
{
	*progress = (struct progress){.on = isatty(STDERR_FILENO) == 1};
}

void progress_begin(struct progress *progress, uint64_t total, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(progress->what, sizeof(progress->what), format, args);
	va_end(args);
	progress->total = total;
	progress->shown = 0;
	progress_show(progress, 0);
}

void progress_show(struct progress *progress, uint64_t done)
{
	uint64_t now;

	if (!progress->on)
		return;
	now = progress_now_ms();
	if (progress->shown != 0 && now - progress->shown < INTERVAL_MS)
		return;
	progress->shown = now;
	if (progress->total > 0 && done <= progress->total)
		fprintf(stderr, "\r%s: %d %%\033[K", progress->what,
			(int)((double)done / (double)progress->total * 100));
	else
		fprintf(stderr, "\r%s: %" PRIu64 " MB\033[K", progress->what, done / 1000000);
}

void progress_end(struct progress *progress)
{
	if (progress->on)
		fprintf(stderr, "\r\033[K");
}
