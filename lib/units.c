/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lib/units.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A decimal number without sign and exponent, whatever the locale's point is. */
struct number {
	uint64_t whole;
	double fraction;
};

/* Reads a number and moves `*text` behind it. Returns 0, or -1 with errno. */
static int units_read_number(const char **text, struct number *number)
{
	const char *at = *text;
	double weight = 0.1;

	*number = (struct number){0};
	errno = EINVAL;
	if (*at < '0' || *at > '9')
		return -1;
	errno = ERANGE;
	for (; *at >= '0' && *at <= '9'; at++)
		if (__builtin_mul_overflow(number->whole, 10, &number->whole) ||
		    __builtin_add_overflow(number->whole, (unsigned)(*at - '0'), &number->whole))
			return -1;
	if (*at == '.') {
		errno = EINVAL;
		if (at[1] < '0' || at[1] > '9')
			return -1;
		for (at++; *at >= '0' && *at <= '9'; at++, weight /= 10)
			number->fraction += (*at - '0') * weight;
	}
	*text = at;
	return 0;
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
	errno = ERANGE;
	if (number.whole > UINT64_MAX >> shift)
		return -1;
	/* The fraction is less than one unit, so the sum fits. */
	*bytes = (number.whole << shift) +
		 (uint64_t)(number.fraction * (double)(UINT64_C(1) << shift));
	return 0;
}

static const struct {
	const char *name;
	double seconds;
} units[] = {
	{"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"min", 60}, {"m", 60}, {"h", 3600}, {"d", 86400},
};

/* The seconds of the unit at `*text`, and moves that behind it; 0: unknown. */
static double units_take_unit(const char **text)
{
	size_t length = strcspn(*text, "0123456789");

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strlen(units[i].name) == length && strncmp(*text, units[i].name, length) == 0) {
			*text += length;
			return units[i].seconds;
		}
	return 0;
}

int units_read_seconds(const char *text, double *seconds)
{
	bool first = true;

	*seconds = 0;
	do {
		struct number number;
		double unit = 1;

		if (units_read_number(&text, &number) < 0)
			return -1;
		if (*text || !first)
			unit = units_take_unit(&text);
		errno = EINVAL;
		if (unit <= 0)
			return -1;
		*seconds += ((double)number.whole + number.fraction) * unit;
		first = false;
	} while (*text);
	return 0;
}
