/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of a configuration's, as they are written. */
#ifndef CORE_CONFIG_CONFIG_NUMBER_H
#define CORE_CONFIG_CONFIG_NUMBER_H

#include "warden/backend.h"

/* Whether libconfig, of any version, reads this number as what it says. Otherwise -1, and `err`
 * says how it should be written. Anything but a decimal or hexadecimal integer passes. */
int config_number_check(const char *token, size_t length, struct warden_error *err);

/* Reads a whole string as a decimal integer: a sign at most, digits, nothing else. */
bool config_number_decimal(const char *text, int64_t *number);

/* Reads a whole string as an octal number: digits alone. */
bool config_number_octal(const char *text, int64_t *number);

#endif
