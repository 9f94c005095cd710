/* SPDX-License-Identifier: Apache-2.0 */
/* Texts in JSON. A text of a client or of the system need not be UTF-8, as a JSON string must be:
 * such a text is stored as {"bytes": HEX}, so that it is read back byte by byte. */
#ifndef CORE_STATE_JSON_BYTES_H
#define CORE_STATE_JSON_BYTES_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* The text as JSON. NULL: no memory. */
json_t *json_bytes(const char *text);

/* A copy of the text, for the caller to free. NULL: `json` is not a text, or no memory. */
char *json_bytes_text(const json_t *json);

/* Bytes as hexadecimal digits, and back; the caller frees the result. NULL: no memory, or `text` is
 * not hexadecimal. The bytes are followed by a NUL that `*n` does not count. */
char *json_bytes_to_hex(const uint8_t *bytes, size_t n);
uint8_t *json_bytes_from_hex(const char *text, size_t *n);

#endif
