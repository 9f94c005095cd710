/* SPDX-License-Identifier: Apache-2.0 */
/* Messages: sets fields by their names. */
#include <config.h>

#include "client/lib/message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Returns the memory of a new element: at the end of a repeated field, else the field itself,
 * which is now present. NULL with ENOMEM. */
static void *message_set_new_element(ProtobufCMessage *base, const ProtobufCFieldDescriptor *field)
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

static struct warden_message *message_set_add_child(ProtobufCMessage *base,
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
	element = message_set_new_element(base, field);
	if (!element) {
		warden_message_free(child);
		return NULL;
	}
	*element = child;
	return child;
}

/* Finds a field by its path and creates the messages on the path. NULL with errno. */
static const ProtobufCFieldDescriptor *message_set_find_field(struct warden_message *message,
							      const char *path,
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
		*base = message_base_mutable(message_set_add_child(*base, part));
		if (!*base)
			return NULL;
		path += length + 1;
	}
}

struct warden_message *warden_message_add(struct warden_message *message, const char *path)
{
	ProtobufCMessage *base;
	const ProtobufCFieldDescriptor *field = message_set_find_field(message, path, &base);

	return field ? message_set_add_child(base, field) : NULL;
}

int warden_message_set_bytes(struct warden_message *message, const char *path, const void *bytes,
			     size_t length)
{
	ProtobufCMessage *base;
	const ProtobufCFieldDescriptor *field = message_set_find_field(message, path, &base);
	ProtobufCBinaryData *element;
	uint8_t *copy;

	if (!field)
		return -1;
	if (field->type != PROTOBUF_C_TYPE_BYTES) {
		errno = EINVAL;
		return -1;
	}
	copy = message_allocator.alloc(NULL, length);
	element = copy ? message_set_new_element(base, field) : NULL;
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

/* Whether a field can hold a number; a negative one is in two's complement. */
static bool message_set_fits(const ProtobufCFieldDescriptor *field, uint64_t number)
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
	const ProtobufCFieldDescriptor *field = message_set_find_field(message, path, &base);
	void *element;

	if (!field)
		return -1;
	if (field->type == PROTOBUF_C_TYPE_BYTES || field->type == PROTOBUF_C_TYPE_MESSAGE) {
		errno = EINVAL;
		return -1;
	}
	if (!message_set_fits(field, number)) {
		errno = ERANGE;
		return -1;
	}
	element = message_set_new_element(base, field);
	if (!element)
		return -1;
	if (field_size(field) == sizeof(uint64_t))
		*(uint64_t *)element = number;
	else
		*(uint32_t *)element =
			(uint32_t)number; /* booleans and enums are stored as int, too */
	return 0;
}

/* Parses the whole text as a decimal number. Returns 0, or -1 with EINVAL or ERANGE. */
static int message_set_parse_number(const char *text, bool is_signed, uint64_t *number)
{
	const char *digits = is_signed && *text == '-' ? text + 1 : text;
	char *end;

	/* strtoull and strtoll accept leading blanks and signs. */
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

static int message_set_parse_bool(const char *text, uint64_t *number)
{
	*number = strcmp(text, "true") == 0;
	if (*number || strcmp(text, "false") == 0)
		return 0;
	errno = EINVAL;
	return -1;
}

static int message_set_parse_choice(const ProtobufCEnumDescriptor *choices, const char *text,
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
	const ProtobufCFieldDescriptor *field = message_set_find_field(message, path, &base);
	uint64_t number;
	int result;

	if (!field)
		return -1;
	switch (field_kind(field)) {
	case WARDEN_KIND_BYTES:
		return warden_message_set_bytes(message, path, text, strlen(text));
	case WARDEN_KIND_BOOL:
		result = message_set_parse_bool(text, &number);
		break;
	case WARDEN_KIND_CHOICE:
		result = message_set_parse_choice(field->descriptor, text, &number);
		break;
	default:
		result = message_set_parse_number(text, field_kind(field) == WARDEN_KIND_SIGNED,
						  &number);
	}
	return result == 0 ? warden_message_set_number(message, path, number) : -1;
}
