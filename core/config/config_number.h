/* SPDX-License-Identifier: Apache-2.0 */
/* Checks and parses numbers of the configuration as they are written. */
#ifndef CORE_CONFIG_CONFIG_NUMBER_H
#define CORE_CONFIG_CONFIG_NUMBER_H

#include "warden/backend.h"

/* Checks that every version of libconfig reads this number as it is written. Otherwise returns -1,
 * and `err` says how to write it. Any token but a decimal or hexadecimal integer passes. */
int config_number_check(const char *token, size_t length, struct warden_error *err);

/* Parses a whole string as a decimal integer: an optional minus sign and digits. False if it is not
 * one. */
bool config_number_decimal(const char *text, int64_t *number);

/* Parses a whole string as a size or duration with a unit (see lib/units.h), rounded up. False if
 * it is not one, or too large. */
bool config_number_with_unit(const char *text, enum warden_option_unit unit, int64_t *number);

/* Parses a whole string as an octal number: digits alone. False if it is not one. */
bool config_number_octal(const char *text, int64_t *number);

#endif
