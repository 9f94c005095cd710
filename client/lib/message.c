/* SPDX-License-Identifier: Apache-2.0 */
/* Messages: creates, frees and reads them by the names of their fields. */
#include <config.h>

#include "client/lib/message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void *message_allocate(void *data, size_t size)
{
	(void)data;
	return size < SIZE_MAX ? calloc(1, size + 1) : NULL;
}

static void message_release(void *data, void *pointer)
{
	(void)data;
	free(pointer);
}

ProtobufCAllocator message_allocator = {.alloc = message_allocate, .free = message_release};

struct warden_message *message_new_of(const ProtobufCMessageDescriptor *descriptor)
{
	ProtobufCMessage *base = message_allocator.alloc(NULL, descriptor->sizeof_message);

	if (!base) {
		errno = ENOMEM;
		return NULL;
	}
	protobuf_c_message_init(descriptor, base);
	return message_of_base(base);
}

struct warden_message *warden_message_new(const char *request)
{
	const struct message_type *type = message_type_of_name(request);

	if (type)
		return message_new_of(type->request);
	errno = EINVAL;
	return NULL;
}

struct warden_message *warden_message_new_answer(const char *request)
{
	const struct message_type *type = message_type_of_name(request);

	if (type)
		return message_new_of(type->response);
	errno = EINVAL;
	return NULL;
}

struct warden_message *message_copy_as(const struct warden_message *message,
				       const ProtobufCMessageDescriptor *descriptor)
{
	const ProtobufCMessage *base = message_base(message);
	size_t size = protobuf_c_message_get_packed_size(base);
	uint8_t *bytes = malloc(size + 1);
	ProtobufCMessage *copy = NULL;

	errno = ENOMEM;
	if (bytes) {
		protobuf_c_message_pack(base, bytes);
		copy = protobuf_c_message_unpack(descriptor, &message_allocator, size, bytes);
	}
	free(bytes);
	return copy ? message_of_base(copy) : NULL;
}

struct warden_message *warden_message_copy(const struct warden_message *message,
					   const char *request)
{
	const struct message_type *type = message_type_of_name(request);

	errno = EINVAL;
	return type ? message_copy_as(message, type->request) : NULL;
}

void warden_message_free(struct warden_message *message)
{
	if (message)
		protobuf_c_message_free_unpacked(message_base_mutable(message), &message_allocator);
}

bool warden_message_field(const struct warden_message *message, size_t index,
			  struct warden_field *field)
{
	const ProtobufCMessageDescriptor *descriptor = message_base(message)->descriptor;
	const ProtobufCFieldDescriptor *found;

	if (index >= descriptor->n_fields)
		return false;
	found = &descriptor->fields[index];
	field->name = found->name;
	field->kind = field_kind(found);
	field->required = found->label == PROTOBUF_C_LABEL_REQUIRED;
	field->repeated = found->label == PROTOBUF_C_LABEL_REPEATED;
	return true;
}

/* Follows a path such as "memory_stat.rss". Returns NULL if a field on the path is absent or
 * unknown, or if there is no element `index`. */
static const void *message_find_element(const struct warden_message *message, const char *path,
					size_t index, const ProtobufCFieldDescriptor **field)
{
	const ProtobufCMessage *base = message_base(message);

	for (;;) {
		size_t length = strcspn(path, ".");
		const ProtobufCFieldDescriptor *part = field_named(base, path, length);

		if (!part)
			return NULL;
		if (path[length] == '\0') {
			*field = part;
			return index < field_count(base, part) ? field_element(base, part, index)
							       : NULL;
		}
		if (part->type != PROTOBUF_C_TYPE_MESSAGE || field_count(base, part) == 0)
			return NULL;
		base = *(const ProtobufCMessage *const *)field_element(base, part, 0);
		path += length + 1;
	}
}

size_t warden_message_count(const struct warden_message *message, const char *path)
{
	const char *dot = strrchr(path, '.');
	const ProtobufCMessage *base = message_base(message);
	const ProtobufCFieldDescriptor *field;

	if (dot) {
		char parent[256];

		if ((size_t)(dot - path) >= sizeof(parent))
			return 0;
		memcpy(parent, path, dot - path);
		parent[dot - path] = '\0';
		base = message_base(warden_message_child(message, parent, 0));
		if (!base)
			return 0;
		path = dot + 1;
	}
	field = field_named(base, path, strlen(path));
	return field ? field_count(base, field) : 0;
}

uint64_t warden_message_number(const struct warden_message *message, const char *path, size_t index)
{
	const ProtobufCFieldDescriptor *field;
	const void *element = message_find_element(message, path, index, &field);

	if (!element)
		return 0;
	switch (field->type) {
	case PROTOBUF_C_TYPE_BOOL:
		return *(const protobuf_c_boolean *)element != 0;
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_ENUM:
		return (uint64_t)(int64_t) * (const int32_t *)element;
	case PROTOBUF_C_TYPE_UINT32:
		return *(const uint32_t *)element;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_UINT64:
		return *(const uint64_t *)element;
	default:
		return 0;
	}
}

const char *warden_message_choice(const struct warden_message *message, const char *path,
				  size_t index)
{
	const ProtobufCFieldDescriptor *field;
	const void *element = message_find_element(message, path, index, &field);
	const ProtobufCEnumValue *value;

	if (!element || field->type != PROTOBUF_C_TYPE_ENUM)
		return NULL;
	value = protobuf_c_enum_descriptor_get_value(field->descriptor, *(const int *)element);
	return value ? value->name : NULL;
}

const char *warden_message_bytes(const struct warden_message *message, const char *path,
				 size_t index, size_t *length)
{
	const ProtobufCFieldDescriptor *field;
	const void *element = message_find_element(message, path, index, &field);
	const ProtobufCBinaryData *bytes = element;

	if (length)
		*length = 0;
	if (!element || field->type != PROTOBUF_C_TYPE_BYTES)
		return NULL;
	if (length)
		*length = bytes->len;
	return bytes->data ? (const char *)bytes->data : "";
}

const struct warden_message *warden_message_child(const struct warden_message *message,
						  const char *path, size_t index)
{
	const ProtobufCFieldDescriptor *field;
	const void *element = message_find_element(message, path, index, &field);

	if (!element || field->type != PROTOBUF_C_TYPE_MESSAGE)
		return NULL;
	return *(const struct warden_message *const *)element;
}
