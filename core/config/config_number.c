/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as they are written; see config_number.h. libconfig 1.5 reads 0755 as decimal 755, and
 * cuts a number to 32 bits unless it ends in L; newer versions differ. So the text is checked. */
#include <config.h>

#include "core/config/config_number.h"

#include <inttypes.h>
#include <stdlib.h>

#include "lib/units.h"

/* The parts of a token. */
struct number_parts {
	char digits[64]; /* with sign and "0x", without L */
	bool hexadecimal, octal, wide;
};

/* Splits a token; false if it is not an integer, or too long. */
static bool config_number_split(const char *token, size_t length, struct number_parts *parts)
{
	size_t sign = length > 0 && (token[0] == '-' || token[0] == '+') ? 1 : 0;
	const char *allowed = "0123456789";
	size_t start = sign;

	*parts = (struct number_parts){.wide = length > 0 && token[length - 1] == 'L'};
	for (unsigned i = 0; i < 2 && length > 0 && token[length - 1] == 'L'; i++)
		length--;
	if (length <= sign || length >= sizeof(parts->digits))
		return false;
	memcpy(parts->digits, token, length);
	parts->hexadecimal =
		length > sign + 2 && token[sign] == '0' && (token[sign + 1] | 32) == 'x';
	if (parts->hexadecimal) {
		allowed = "0123456789abcdefABCDEF";
		start += 2;
	}
	if (strspn(parts->digits + start, allowed) != length - start)
		return false;
	parts->octal = !parts->hexadecimal && token[sign] == '0' && length > sign + 1;
	return true;
}

/* Fails and says how to write a number that begins with 0. */
static int config_number_refuse_octal(const char *digits, struct warden_error *err)
{
	const char *significant = digits + (*digits == '-' || *digits == '+');
	int64_t value;

	if (!config_number_octal(significant, &value))
		return warden_error_set(err, "%s: a number must not begin with 0", digits);
	significant += strspn(significant, "0");
	return warden_error_set(err,
				"%s would be read as decimal %s: write \"%s\" in quotes if it "
				"is a mode, else the number without the leading 0",
				digits, *significant ? significant : "0", digits);
}

int config_number_check(const char *token, size_t length, struct warden_error *err)
{
	struct number_parts parts;
	intmax_t value;

	if (!config_number_split(token, length, &parts))
		return length < sizeof(parts.digits)
			       ? 0
			       : warden_error_set(
					 err, "%.20s... is too long for a number (%zu characters)",
					 token, length);
	if (parts.octal)
		return config_number_refuse_octal(parts.digits, err);
	errno = 0;
	value = strtoimax(parts.digits, NULL, parts.hexadecimal ? 16 : 10);
	if (errno == ERANGE)
		return warden_error_set(err, "%s is too large for a 64-bit integer", parts.digits);
	if (parts.wide || (value >= INT32_MIN && value <= INT32_MAX))
		return 0;
	return warden_error_set(
		err, "%s would be truncated to 32 bits: write %sL, or \"%" PRIdMAX "\" in quotes",
		parts.digits, parts.digits, value);
}

bool config_number_decimal(const char *text, int64_t *number)
{
	size_t sign = *text == '-' ? 1 : 0;
	size_t digits = strspn(text + sign, "0123456789");

	if (digits == 0 || text[sign + digits] != '\0')
		return false;
	errno = 0;
	*number = strtoll(text, NULL, 10);
	return errno == 0;
}

bool config_number_with_unit(const char *text, enum warden_option_unit unit, int64_t *number)
{
	uint64_t value = 0;
	int result = -1;

	if (unit == WARDEN_UNIT_BYTES)
		result = units_read_size(text, &value);
	else if (unit == WARDEN_UNIT_SECONDS)
		result = units_read_time(text, UNITS_SECOND, &value);
	else if (unit == WARDEN_UNIT_MILLISECONDS)
		result = units_read_time(text, UNITS_MILLISECOND, &value);
	if (result < 0 || value > INT64_MAX)
		return false;
	*number = (int64_t)value;
	return true;
}

bool config_number_octal(const char *text, int64_t *number)
{
	size_t digits = strspn(text, "01234567");

	if (digits == 0 || text[digits] != '\0')
		return false;
	errno = 0;
	*number = strtoll(text, NULL, 8);
	return errno == 0;
}
