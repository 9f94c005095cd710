/* SPDX-License-Identifier: Apache-2.0 */
/* Texts in the messages of clients; see request.h. */
#include <config.h>

#include <string.h>

#include "core/wire/request.h"
#include "lib/text.h"

char *request_text(const ProtobufCBinaryData *bytes, const char *field, size_t max,
		   struct warden_error *err)
{
	const char *text = (const char *)bytes->data;
	char *copy;

	if (bytes->len > max) {
		warden_error_set(err, "%s has %zu bytes, at most %zu are allowed", field,
				 bytes->len, max);
		return NULL;
	}
	if (bytes->len > 0 && (memchr(text, '\0', bytes->len) || !text_is_utf8(text, bytes->len))) {
		warden_error_set(err, "%s must be UTF-8 text without NUL", field);
		return NULL;
	}
	copy = strndup(bytes->len > 0 ? text : "", bytes->len);
	if (!copy)
		warden_error_set(err, "no memory for %s", field);
	return copy;
}
