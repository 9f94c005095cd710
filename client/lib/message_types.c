/* SPDX-License-Identifier: Apache-2.0 */
/* The requests of the protocol: numbers, names and message descriptors. */
#include <config.h>

#include "client/lib/message.h"

#include "proto/requests.h"
#include "proto/warden.pb-c.h"

#include <string.h>

#define MESSAGE_TYPE(Type, name)                                                                   \
	{WARDEN__MESSAGE__TYPE__##Type, #name, &warden__##name##_request__descriptor,              \
	 &warden__##name##_response__descriptor},

static const struct message_type types[] = {REQUESTS(MESSAGE_TYPE)};

enum { N_TYPES = sizeof(types) / sizeof(types[0]) };

const struct message_type *message_type_of_request(const struct warden_message *request)
{
	for (size_t i = 0; i < N_TYPES; i++)
		if (types[i].request == message_base(request)->descriptor)
			return &types[i];
	return NULL;
}

const struct message_type *message_type_of_number(int number)
{
	for (size_t i = 0; i < N_TYPES; i++)
		if (types[i].number == number)
			return &types[i];
	return NULL;
}

const struct message_type *message_type_of_name(const char *name)
{
	for (size_t i = 0; i < N_TYPES; i++)
		if (strcmp(types[i].name, name) == 0)
			return &types[i];
	return NULL;
}

const char *warden_request_name(size_t index)
{
	return index < N_TYPES ? types[index].name : NULL;
}
