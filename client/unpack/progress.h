/* SPDX-License-Identifier: Apache-2.0 */
/* A progress line on the terminal. */
#ifndef CLIENT_UNPACK_PROGRESS_H
#define CLIENT_UNPACK_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool on;        /* standard error is a terminal */
	char what[64];  /* the current step */
	uint64_t total; /* bytes; 0: unknown */
	uint64_t shown; /* last time it was shown, in milliseconds */
};

void progress_init(struct progress *progress);
/* Begins a step of `total` bytes. */
void progress_begin(struct progress *progress, uint64_t total, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void progress_show(struct progress *progress, uint64_t done);
/* Clears the line. */
void progress_end(struct progress *progress);

#endif
