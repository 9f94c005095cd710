/* SPDX-License-Identifier: Apache-2.0 */
/* Texts in JSON; see json_bytes.h. */
#include <config.h>

#include "core/state/json_bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"
#include "lib/text.h"

char *json_bytes_to_hex(const uint8_t *bytes, size_t n)
{
	char *text = malloc(2 * n + 1);

	if (!text)
		return NULL;
	text[0] = '\0';
	for (size_t i = 0; i < n; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	return text;
}

uint8_t *json_bytes_from_hex(const char *text, size_t *n)
{
	size_t length = strlen(text);
	uint8_t *bytes;

	if (length % 2 || strspn(text, "0123456789abcdef") != length)
		return NULL;
	*n = length / 2;
	bytes = calloc(1, *n + 1);
	for (size_t i = 0; bytes && i < *n; i++) {
		char pair[3] = {text[2 * i], text[2 * i + 1], '\0'};

		bytes[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return bytes;
}

json_t *json_bytes(const char *text)
{
	size_t length = strlen(text);
	_cleanup_free_ char *hex = NULL;

	if (text_is_utf8(text, length))
		return json_stringn_nocheck(text, length);
	hex = json_bytes_to_hex((const uint8_t *)text, length);
	return hex ? json_pack("{s:s}", "bytes", hex) : NULL;
}

char *json_bytes_text(const json_t *json)
{
	const char *hex = json_string_value(json_object_get(json, "bytes"));
	size_t length;

	if (json_is_string(json))
		return strdup(json_string_value(json));
	return hex ? (char *)json_bytes_from_hex(hex, &length) : NULL;
}
