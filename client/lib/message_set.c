/* SPDX-License-Identifier: Apache-2.0 */
/* Messages: fields set by their names. */
#include <config.h>

#include "client/lib/message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The place of a new element: at the end of what is repeated, the field itself otherwise, which
 * then counts as present. NULL: no memory. */
static void *element_new(ProtobufCMessage *base, const ProtobufCFieldDescriptor *field)
{
	void *member = (char *)base + field->offset;
	void *quantifier = (char *)base + field->quantifier_offset;
	size_t size = field_size(field);

	if (field->label == PROTOBUF_C_LABEL_REPEATED) {
		size_t *count = quantifier;
		char *grown = reallocarray(*(void **)member, *count + 1, size);

		if (!grown) {
			errno = ENOMEM;
			return NULL;
		}
		*(void **)member = grown;
		memset(grown + *count * size, 0, size);
		return grown + (*count)++ * size;
	}
	if (field->label == PROTOBUF_C_LABEL_OPTIONAL && field->type != PROTOBUF_C_TYPE_MESSAGE)
		*(protobuf_c_boolean *)quantifier = 1;
	return member;
}

static struct warden_message *child_add(ProtobufCMessage *base,
					const ProtobufCFieldDescriptor *field)
{
	struct warden_message *child;
	void **element;

	if (field->type != PROTOBUF_C_TYPE_MESSAGE) {
		errno = EINVAL;
		return NULL;
	}
	if (field->label != PROTOBUF_C_LABEL_REPEATED && field_count(base, field))
		return *(struct warden_message **)(void *)((char *)base + field->offset);
	child = message_new_of(field->descriptor);
	if (!child)
		return NULL;
	element = element_new(base, field);
	if (!element) {
		warden_message_free(child);
		return NULL;
	}
	*element = child;
	return child;
}

/* As find, for writing: messages on the way are made. NULL with errno. */
static const ProtobufCFieldDescriptor *make_way(struct warden_message *message, const char *path,
						ProtobufCMessage **base)
{
	*base = message_base_mutable(message);
	for (;;) {
		size_t length = strcspn(path, ".");
		const ProtobufCFieldDescriptor *part = field_named(*base, path, length);

		if (!part)
			errno = ENOENT;
		if (!part || path[length] == '\0')
			return part;
		*base = message_base_mutable(child_add(*base, part));
		if (!*base)
			return NULL;
		path += length + 1;
	}
}

struct warden_message *warden_message_add(struct warden_message *message, const char *path)
{
	ProtobufCMessage *base;
	const ProtobufCFieldDescriptor *field = make_way(message, path, &base);

	return field ? child_add(base, field) : NULL;
}

int warden_message_set_bytes(struct warden_message *message, const char *path, const void *bytes,
			     size_t length)
{
	ProtobufCMessage *base;
	const ProtobufCFieldDescriptor *field = make_way(message, path, &base);
	ProtobufCBinaryData *element;
	uint8_t *copy;

	if (!field)
		return -1;
	if (field->type != PROTOBUF_C_TYPE_BYTES) {
		errno = EINVAL;
		return -1;
	}
	copy = message_allocator.alloc(NULL, length);
	element = copy ? element_new(base, field) : NULL;
	if (!element) {
		free(copy);
		errno = ENOMEM;
		return -1;
	}
	memcpy(copy, bytes, length);
	free(element->data);
	element->data = copy;
	element->len = length;
	return 0;
}

/* Whether a field can hold a number, which is the two's complement of what is signed. */
static bool fits(const ProtobufCFieldDescriptor *field, uint64_t number)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_BOOL:
		return number <= 1;
	case PROTOBUF_C_TYPE_INT32:
		return (int64_t)number >= INT32_MIN && (int64_t)number <= INT32_MAX;
	case PROTOBUF_C_TYPE_ENUM:
		return number <= INT32_MAX &&
		       protobuf_c_enum_descriptor_get_value(field->descriptor, (int)number) != NULL;
	case PROTOBUF_C_TYPE_UINT32:
		return number <= UINT32_MAX;
	default:
		return true;
	}
}

int warden_message_set_number(struct warden_message *message, const char *path, uint64_t number)
{
	ProtobufCMessage *base;
	const ProtobufCFieldDescriptor *field = make_way(message, path, &base);
	void *element;

	if (!field)
		return -1;
	if (field->type == PROTOBUF_C_TYPE_BYTES || field->type == PROTOBUF_C_TYPE_MESSAGE) {
		errno = EINVAL;
		return -1;
	}
	if (!fits(field, number)) {
		errno = ERANGE;
		return -1;
	}
	element = element_new(base, field);
	if (!element)
		return -1;
	if (field_size(field) == sizeof(uint64_t))
		*(uint64_t *)element = number;
	else
		*(uint32_t *)element = (uint32_t)number; /* a boolean and an enum are an int too */
	return 0;
}

/* Reads a number in decimal, all of the text. 0, or -1 with EINVAL or ERANGE. */
static int number_of_text(const char *text, bool is_signed, uint64_t *number)
{
	const char *digits = is_signed && *text == '-' ? text + 1 : text;
	char *end;

	/* The library's own reader takes blanks and signs in front. */
	if (*digits < '0' || *digits > '9') {
		errno = EINVAL;
		return -1;
	}
	errno = 0;
	*number = is_signed ? (uint64_t)strtoll(text, &end, 10) : strtoull(text, &end, 10);
	if (*end != '\0')
		errno = EINVAL;
	return errno ? -1 : 0;
}

static int bool_of_text(const char *text, uint64_t *number)
{
	*number = strcmp(text, "true") == 0;
	if (*number || strcmp(text, "false") == 0)
		return 0;
	errno = EINVAL;
	return -1;
}

static int choice_of_text(const ProtobufCEnumDescriptor *choices, const char *text,
			  uint64_t *number)
{
	for (unsigned i = 0; i < choices->n_values; i++)
		if (strcasecmp(choices->values[i].name, text) == 0) {
			*number = (uint64_t)choices->values[i].value;
			return 0;
		}
	errno = EINVAL;
	return -1;
}

int warden_message_set(struct warden_message *message, const char *path, const char *text)
{
	ProtobufCMessage *base;
	const ProtobufCFieldDescriptor *field = make_way(message, path, &base);
	uint64_t number;
	int result;

	if (!field)
		return -1;
	switch (field_kind(field)) {
	case WARDEN_KIND_BYTES:
		return warden_message_set_bytes(message, path, text, strlen(text));
	case WARDEN_KIND_BOOL:
		result = bool_of_text(text, &number);
		break;
	case WARDEN_KIND_CHOICE:
		result = choice_of_text(field->descriptor, text, &number);
		break;
	default:
		result = number_of_text(text, field_kind(field) == WARDEN_KIND_SIGNED, &number);
	}
	return result == 0 ? warden_message_set_number(message, path, number) : -1;
}
