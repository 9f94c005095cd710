/* SPDX-License-Identifier: Apache-2.0 */
/* A line on the terminal that says how far it is. */
#ifndef CLIENT_UNPACK_PROGRESS_H
#define CLIENT_UNPACK_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool on;        /* standard error is a terminal */
	char what[64];  /* is being done */
	uint64_t total; /* bytes; 0: not known */
	uint64_t shown; /* when, in milliseconds */
};

void progress_init(struct progress *progress);
/* What comes next, of so many bytes. */
void progress_begin(struct progress *progress, uint64_t total, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void progress_show(struct progress *progress, uint64_t done);
/* Takes the line away. */
void progress_end(struct progress *progress);

#endif
