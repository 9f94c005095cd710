/* SPDX-License-Identifier: Apache-2.0 */
/* Prints answers as JSON, one object a line. */
#include <config.h>

#include "client/cli/cli.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"

static json_t *json_of_message(const struct warden_message *message);

static char *json_base64(const char *bytes, size_t length)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *in = (const unsigned char *)bytes;
	char *text = malloc((length + 2) / 3 * 4 + 1);
	char *end = text;

	if (!text)
		return NULL;
	for (size_t i = 0; i < length; i += 3) {
		size_t left = length - i;
		uint32_t three = (uint32_t)in[i] << 16;

		three |= left > 1 ? (uint32_t)in[i + 1] << 8 : 0;
		three |= left > 2 ? in[i + 2] : 0;
		*end++ = digits[three >> 18];
		*end++ = digits[three >> 12 & 63];
		*end++ = digits[three >> 6 & 63];
		*end++ = digits[three & 63];
		if (left < 3)
			memset(end - (3 - left), '=', 3 - left);
	}
	*end = '\0';
	return text;
}

static json_t *json_of_binary(const char *bytes, size_t length)
{
	char *text = json_base64(bytes, length);
	json_t *value = text ? json_string(text) : NULL;

	free(text);
	return value;
}

void choice_text(char *buffer, size_t size, const char *name)
{
	size_t i = 0;

	for (; name && name[i] && i + 1 < size; i++)
		buffer[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] | 0x20 : name[i]);
	buffer[i] = '\0';
}

/* A choice without a name in this version is printed as its number. */
static json_t *json_of_choice(const struct warden_message *message, const char *field, size_t index)
{
	const char *name = warden_message_choice(message, field, index);
	char text[64];

	if (!name)
		return json_integer((json_int_t)warden_message_number(message, field, index));
	choice_text(text, sizeof(text), name);
	return json_string(text);
}

static json_t *json_of_element(const struct warden_message *message,
			       const struct warden_field *field, size_t index, bool binary)
{
	size_t length;
	const char *bytes;
	uint64_t number;

	switch (field->kind) {
	case WARDEN_KIND_MESSAGE:
		return json_of_message(warden_message_child(message, field->name, index));
	case WARDEN_KIND_BYTES:
		bytes = warden_message_bytes(message, field->name, index, &length);
		return binary ? json_of_binary(bytes, length) : json_stringn(bytes, length);
	case WARDEN_KIND_CHOICE:
		return json_of_choice(message, field->name, index);
	case WARDEN_KIND_BOOL:
		return json_boolean(warden_message_number(message, field->name, index));
	default:
		number = warden_message_number(message, field->name, index);
		/* Most JSON readers hold no integer above INT64_MAX. */
		if (field->kind == WARDEN_KIND_UNSIGNED && number > INT64_MAX)
			return json_real((double)number);
		return json_integer((json_int_t)number);
	}
}

static json_t *json_of_field(const struct warden_message *message, const struct warden_field *field,
			     bool binary)
{
	size_t count = warden_message_count(message, field->name);
	json_t *array;

	if (!field->repeated)
		return json_of_element(message, field, 0, binary);
	array = json_array();
	for (size_t i = 0; i < count; i++)
		if (json_array_append_new(array, json_of_element(message, field, i, binary)) < 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

/* Bytes that are not UTF-8 cannot be a JSON string: the field gets the name NAME_base64. */
static bool json_is_binary(const struct warden_message *message, const struct warden_field *field)
{
	bool binary = false;

	if (field->kind != WARDEN_KIND_BYTES)
		return false;
	for (size_t i = 0; !binary && i < warden_message_count(message, field->name); i++) {
		size_t length;
		const char *bytes = warden_message_bytes(message, field->name, i, &length);
		json_t *value = json_stringn(bytes, length);

		binary = value == NULL;
		json_decref(value);
	}
	return binary;
}

/* The fields of `end` are put beside status and output, so that scripts read one flat object. */
static bool json_is_flat(const struct warden_field *field)
{
	return field->kind == WARDEN_KIND_MESSAGE && !field->repeated &&
	       strcmp(field->name, "end") == 0;
}

/* Adds the fields of a message to an object; -1: no memory. */
static int json_add_fields(json_t *object, const struct warden_message *message)
{
	struct warden_field field;

	for (size_t i = 0; warden_message_field(message, i, &field); i++) {
		bool binary = json_is_binary(message, &field);
		char name[128];

		if (warden_message_count(message, field.name) == 0 && !field.repeated)
			continue;
		if (json_is_flat(&field)) {
			if (json_add_fields(object, warden_message_child(message, field.name, 0)) <
			    0)
				return -1;
			continue;
		}
		snprintf(name, sizeof(name), "%s%s", field.name, binary ? "_base64" : "");
		if (json_object_set_new(object, name, json_of_field(message, &field, binary)) < 0)
			return -1;
	}
	return 0;
}

static json_t *json_of_message(const struct warden_message *message)
{
	json_t *object = json_object();

	if (object && json_add_fields(object, message) < 0) {
		json_decref(object);
		return NULL;
	}
	return object;
}

/* A character as \uXXXX, or as two of them. */
static void json_write_escape(FILE *file, uint32_t code)
{
	if (code < 0x10000)
		fprintf(file, "\\u%04x", (unsigned)code);
	else
		fprintf(file, "\\u%04x\\u%04x", (unsigned)(0xd7c0 + (code >> 10)),
			(unsigned)(0xdc00 | (code & 0x3ff)));
}

/* jansson escapes only the control characters below 0x20. The others, and those that a terminal
 * does not show, can only be in strings. */
int json_write(FILE *file, const struct json_t *object)
{
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	uint32_t code = 0;
	size_t size;

	if (!text)
		return -1;
	for (const char *at = text, *end = text + strlen(text); at < end; at += size) {
		size = text_decode(at, (size_t)(end - at), &code); /* jansson writes UTF-8 alone */
		if (text_is_plain(code))
			fwrite(at, 1, size, file); /* the caller checks the stream's error */
		else
			json_write_escape(file, code);
	}
	free(text);
	return 0;
}

static int json_finish(FILE *file, json_t *object)
{
	int result = json_write(file, object);

	json_decref(object);
	putc('\n', file);
	return result;
}

struct json_t *json_of_answer(const struct warden_message *answer)
{
	return json_of_message(answer);
}

int json_print_inline(FILE *file, const struct warden_message *message)
{
	json_t *object = json_of_message(message);
	int result = json_write(file, object);

	json_decref(object);
	return result;
}

int json_print(FILE *file, const struct warden_message *answer)
{
	return json_finish(file, json_of_message(answer));
}

int json_print_with_handle(FILE *file, const struct warden_message *answer, const char *handle)
{
	json_t *object = json_of_message(answer);

	if (object && json_object_set_new(object, "handle", json_string(handle)) < 0) {
		json_decref(object);
		object = NULL;
	}
	return json_finish(file, object);
}
