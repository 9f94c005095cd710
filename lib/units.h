/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes and durations as people write them, on command lines and in the configuration. */
#ifndef LIB_UNITS_H
#define LIB_UNITS_H

#include <stdint.h>

/* How to write them, for errors. */
#define UNITS_SIZE_FORMS "bytes, or with a unit: 64k, 10M, 0.5G"
#define UNITS_TIME_FORMS "seconds, or with a unit: 500ms, 1.5s, 2m, 1h30m, 7d"

/* Reads a size in bytes: a number, which may have a fraction, and one of the units b, k, m, g, t, p
 * and e, in either case; kb and KiB are the same. Units are powers of two. A number without a unit
 * is exact up to 2^64 - 1. Returns 0, or -1 with errno: EINVAL, or ERANGE. */
int units_read_size(const char *text, uint64_t *bytes);

/* Reads a duration in seconds: a number without a unit, or numbers, each with one of the units us,
 * ms, s, m (or min), h and d. Numbers may have fractions. Returns 0, or -1 with errno: EINVAL, or
 * ERANGE. */
int units_read_seconds(const char *text, double *seconds);

#endif
