/* SPDX-License-Identifier: Apache-2.0 */
/* Where the fields of a message are in memory, and their types. Everything comes from the
 * descriptors that protoc-c generates, so a new field of the protocol needs no code here. */
#include <config.h>

#include "client/lib/message.h"

#include <string.h>

enum warden_kind field_kind(const ProtobufCFieldDescriptor *field)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_BOOL:
		return WARDEN_KIND_BOOL;
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_INT64:
		return WARDEN_KIND_SIGNED;
	case PROTOBUF_C_TYPE_ENUM:
		return WARDEN_KIND_CHOICE;
	case PROTOBUF_C_TYPE_BYTES:
		return WARDEN_KIND_BYTES;
	case PROTOBUF_C_TYPE_MESSAGE:
		return WARDEN_KIND_MESSAGE;
	default:
		return WARDEN_KIND_UNSIGNED;
	}
}

size_t field_size(const ProtobufCFieldDescriptor *field)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(ProtobufCMessage *);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_UINT64:
		return sizeof(uint64_t);
	default:
		return sizeof(uint32_t);
	}
}

size_t field_count(const ProtobufCMessage *base, const ProtobufCFieldDescriptor *field)
{
	const char *start = (const char *)base;

	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return *(const size_t *)(const void *)(start + field->quantifier_offset);
	if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		return *(void *const *)(const void *)(start + field->offset) != NULL;
	if (field->label == PROTOBUF_C_LABEL_OPTIONAL)
		return *(const protobuf_c_boolean *)(const void *)(start +
								   field->quantifier_offset) != 0;
	return 1;
}

const void *field_element(const ProtobufCMessage *base, const ProtobufCFieldDescriptor *field,
			  size_t index)
{
	const char *member = (const char *)base + field->offset;

	if (field->label != PROTOBUF_C_LABEL_REPEATED)
		return member;
	return *(const char *const *)(const void *)member + index * field_size(field);
}

const ProtobufCFieldDescriptor *field_named(const ProtobufCMessage *base, const char *name,
					    size_t length)
{
	for (unsigned i = 0; i < base->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &base->descriptor->fields[i];

		if (strlen(field->name) == length && memcmp(field->name, name, length) == 0)
			return field;
	}
	return NULL;
}
