/* SPDX-License-Identifier: Apache-2.0 */
/* Types and encoding of messages, for the library alone; see also warden/client.h. `struct
 * warden_message` is never defined: a pointer to it is a pointer to a protobuf-c message. */
#ifndef CLIENT_LIB_MESSAGE_H
#define CLIENT_LIB_MESSAGE_H

#include "warden/client.h"

#include <protobuf-c/protobuf-c.h>

/* Allocates every part of a message, zeroed and with one more zero byte at the end, so that
 * bytes fields end as strings do. */
extern ProtobufCAllocator message_allocator;

/* A request and its answer. */
struct message_type {
	int number;
	const char *name;
	const ProtobufCMessageDescriptor *request;
	const ProtobufCMessageDescriptor *response;
};

/* NULL: no such type. */
const struct message_type *message_type_of_request(const struct warden_message *request);
const struct message_type *message_type_of_number(int number);

/* The type of the request of that name, as warden_request_name returns it; NULL: no such
 * request. */
const struct message_type *message_type_of_name(const char *name);

static inline const ProtobufCMessage *message_base(const struct warden_message *message)
{
	return (const ProtobufCMessage *)(const void *)message;
}

static inline ProtobufCMessage *message_base_mutable(struct warden_message *message)
{
	return (ProtobufCMessage *)(void *)message;
}

static inline struct warden_message *message_of_base(ProtobufCMessage *base)
{
	return (struct warden_message *)(void *)base;
}

/* Returns a message of another type with a copy of the fields that have the same numbers in both.
 * NULL with ENOMEM. */
struct warden_message *message_copy_as(const struct warden_message *message,
				       const ProtobufCMessageDescriptor *descriptor);

/* An empty message of any type. NULL with ENOMEM. */
struct warden_message *message_new_of(const ProtobufCMessageDescriptor *descriptor);

/* Finds a field by the first `length` bytes of `name`. NULL: no such field. */
const ProtobufCFieldDescriptor *field_named(const ProtobufCMessage *base, const char *name,
					    size_t length);
enum warden_kind field_kind(const ProtobufCFieldDescriptor *field);

/* The size of one element, the number of elements (0 if the field is absent), and a pointer to
 * one. */
size_t field_size(const ProtobufCFieldDescriptor *field);
size_t field_count(const ProtobufCMessage *base, const ProtobufCFieldDescriptor *field);
const void *field_element(const ProtobufCMessage *base, const ProtobufCFieldDescriptor *field,
			  size_t index);

#endif
