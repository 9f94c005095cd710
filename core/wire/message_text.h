/* SPDX-License-Identifier: Apache-2.0 */
/* Sets texts in messages. The message only refers to a text; its owner keeps it and frees it. */
#ifndef CORE_WIRE_MESSAGE_TEXT_H
#define CORE_WIRE_MESSAGE_TEXT_H

#include <protobuf-c/protobuf-c.h>
#include <string.h>

/* A required field, or an entry of a repeated one. */
static inline void message_set_bytes(ProtobufCBinaryData *bytes, const char *text)
{
	bytes->data = (uint8_t *)text;
	bytes->len = strlen(text);
}

/* An optional field; stays absent if `text` is NULL. */
static inline void message_set_text(protobuf_c_boolean *has, ProtobufCBinaryData *bytes,
				    const char *text)
{
	if (!text)
		return;
	*has = true;
	message_set_bytes(bytes, text);
}

#endif
