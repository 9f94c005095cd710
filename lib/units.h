/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes and durations as people write them, on command lines and in the configuration. */
#ifndef LIB_UNITS_H
#define LIB_UNITS_H

#include <stdint.h>

/* How to write them, for errors. */
#define UNITS_SIZE_FORMS "bytes, or with a unit: 64k, 10M, 0.5G"
#define UNITS_TIME_FORMS "seconds, or with a unit: 500ms, 1.5s, 2m, 1h30m, 7d"

/* What a time is counted in, in microseconds. */
enum units_time {
	UNITS_MICROSECOND = 1,
	UNITS_MILLISECOND = 1000,
	UNITS_SECOND = 1000000,
};

/* All count in integers: a fraction has at most 18 digits, and what is between two integers is
 * rounded up. They return 0, or -1 with errno: EINVAL, or ERANGE. */

/* Reads a size in bytes: a number, which may have a fraction, and one of the units b, k, m, g, t, p
 * and e, in either case; kb and KiB are the same. Units are powers of two. */
int units_read_size(const char *text, uint64_t *bytes);

/* Reads a duration in `part`: seconds without a unit, or numbers, each with one of the units us,
 * ms, s, m (or min), h and d. Numbers may have fractions. It is less than 2^64 microseconds. */
int units_read_time(const char *text, enum units_time part, uint64_t *time);

/* Reads a number, which may have a fraction, in hundredths. */
int units_read_percent(const char *text, uint64_t *percent);

#endif
