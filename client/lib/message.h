/* SPDX-License-Identifier: Apache-2.0 */
/* What a connection needs of messages beside warden/client.h: their types and their encoding. A
 * `struct warden_message` is never defined: it is a protobuf-c message under another name. */
#ifndef CLIENT_LIB_MESSAGE_H
#define CLIENT_LIB_MESSAGE_H

#include "warden/client.h"

#include <protobuf-c/protobuf-c.h>

/* Allocates whatever belongs to a message: zeroed, with a zero byte behind it, so that bytes end as
 * a string does. */
extern ProtobufCAllocator message_allocator;

/* A request and its answer. */
struct message_type {
	int number;
	const char *name;
	const ProtobufCMessageDescriptor *request;
	const ProtobufCMessageDescriptor *response;
};

/* NULL: there is none. */
const struct message_type *message_type_of_request(const struct warden_message *request);
const struct message_type *message_type_of_number(int number);

/* The name that warden_request_name gave, for the type of a request. */
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

/* An empty message of any type. NULL with ENOMEM. */
struct warden_message *message_new_of(const ProtobufCMessageDescriptor *descriptor);

/* A field by its name, which need not end behind `length`. NULL: there is none. */
const ProtobufCFieldDescriptor *field_named(const ProtobufCMessage *base, const char *name,
					    size_t length);
enum warden_kind field_kind(const ProtobufCFieldDescriptor *field);

/* The size of one element, how many there are (0 where the field is absent), and where one is. */
size_t field_size(const ProtobufCFieldDescriptor *field);
size_t field_count(const ProtobufCMessage *base, const ProtobufCFieldDescriptor *field);
const void *field_element(const ProtobufCMessage *base, const ProtobufCFieldDescriptor *field,
			  size_t index);

#endif
