/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/units.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { UNITS_MAX_DIGITS = 18 }; /* of a fraction; 10^18 fits */

/* A decimal number without sign and exponent, whatever the locale's point is. */
struct number {
	uint64_t whole;
	uint64_t fraction, weight; /* fraction / weight is less than 1 */
};

/* Reads a number and moves `*text` behind it. Returns 0, or -1 with errno. */
static int units_read_number(const char **text, struct number *number)
{
	const char *at = *text;
	size_t digits;

	*number = (struct number){.weight = 1};
	errno = EINVAL;
	if (*at < '0' || *at > '9')
		return -1;
	errno = ERANGE;
	for (; *at >= '0' && *at <= '9'; at++)
		if (__builtin_mul_overflow(number->whole, 10, &number->whole) ||
		    __builtin_add_overflow(number->whole, (unsigned)(*at - '0'), &number->whole))
			return -1;
	if (*at == '.') {
		digits = strspn(++at, "0123456789");
		errno = EINVAL;
		if (digits < 1 || digits > UNITS_MAX_DIGITS)
			return -1;
		for (; digits > 0; digits--, at++, number->weight *= 10)
			number->fraction = number->fraction * 10 + (unsigned)(*at - '0');
	}
	*text = at;
	return 0;
}

/* Adds a number of units, rounded up, so that nothing becomes 0 that is not. Returns 0, or -1 with
 * errno. */
static int units_add(const struct number *number, uint64_t unit, uint64_t *sum)
{
	uint64_t whole, part = 0;

	/* The fraction is below 10^18 and a unit at most 2^60: 128 bits hold the product. */
	if (number->fraction > 0)
		part = (uint64_t)(((unsigned __int128)number->fraction * unit + number->weight -
				   1) /
				  number->weight);
	errno = ERANGE;
	return __builtin_mul_overflow(number->whole, unit, &whole) ||
			       __builtin_add_overflow(*sum, whole, sum) ||
			       __builtin_add_overflow(*sum, part, sum)
		       ? -1
		       : 0;
}

/* The power of two of a unit; -1: unknown. */
static int units_shift(const char *unit)
{
	static const char letters[] = "kmgtpe";
	const char *letter;

	if (strcasecmp(unit, "") == 0 || strcasecmp(unit, "b") == 0)
		return 0;
	letter = strchr(letters, *unit | 0x20);
	if (!letter || !*letter)
		return -1;
	unit++;
	if (*unit == '\0' || strcasecmp(unit, "b") == 0 || strcasecmp(unit, "ib") == 0)
		return ((int)(letter - letters) + 1) * 10;
	return -1;
}

int units_read_size(const char *text, uint64_t *bytes)
{
	struct number number;
	int shift;

	if (units_read_number(&text, &number) < 0)
		return -1;
	shift = units_shift(text);
	errno = EINVAL;
	if (shift < 0)
		return -1;
	*bytes = 0;
	return units_add(&number, UINT64_C(1) << shift, bytes);
}

int units_read_percent(const char *text, uint64_t *percent)
{
	struct number number;

	if (units_read_number(&text, &number) < 0)
		return -1;
	errno = EINVAL;
	if (*text)
		return -1;
	*percent = 0;
	return units_add(&number, 100, percent);
}

static const struct {
	const char *name;
	uint64_t microseconds;
} units[] = {
	{"us", 1},
	{"ms", UNITS_MILLISECOND},
	{"s", UNITS_SECOND},
	{"min", UINT64_C(60) * UNITS_SECOND},
	{"m", UINT64_C(60) * UNITS_SECOND},
	{"h", UINT64_C(3600) * UNITS_SECOND},
	{"d", UINT64_C(86400) * UNITS_SECOND},
};

/* The microseconds of the unit at `*text`, and moves that behind it; 0: unknown. */
static uint64_t units_take_unit(const char **text)
{
	size_t length = strcspn(*text, "0123456789");

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strlen(units[i].name) == length && strncmp(*text, units[i].name, length) == 0) {
			*text += length;
			return units[i].microseconds;
		}
	return 0;
}

int units_read_time(const char *text, enum units_time part, uint64_t *time)
{
	uint64_t microseconds = 0;
	bool first = true;

	do {
		struct number number;
		uint64_t unit = UNITS_SECOND;

		if (units_read_number(&text, &number) < 0)
			return -1;
		if (*text || !first)
			unit = units_take_unit(&text);
		errno = EINVAL;
		if (unit == 0 || units_add(&number, unit, &microseconds) < 0)
			return -1;
		first = false;
	} while (*text);
	*time = microseconds / part + (microseconds % part != 0);
	return 0;
}
