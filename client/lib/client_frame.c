/* SPDX-License-Identifier: Apache-2.0 */
/* Cuts a stream of bytes into frames. */
#include <config.h>

#include "client/lib/client_frame.h"

#include <stdlib.h>
#include <string.h>

enum {
	ROOM = 64 * 1024,
	KEPT = 1024 * 1024,  /* an empty buffer that is larger is freed */
	LONGEST_HEADER = 22, /* 20 digits, CR LF */
};

/* Reads the header line with the payload's length. Returns the line's length, 0 if the line is
 * incomplete, -1 if it is invalid. */
static int client_frame_parse_header(const uint8_t *bytes, size_t available, size_t *length)
{
	size_t value = 0, i = 0;

	while (i < available && bytes[i] >= '0' && bytes[i] <= '9') {
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, bytes[i] - '0', &value))
			return -1;
		i++;
	}
	if (i >= LONGEST_HEADER || (i == 0 && available > 0))
		return -1;
	if ((i < available && bytes[i] != '\r') || (i + 1 < available && bytes[i + 1] != '\n'))
		return -1;
	*length = value;
	return i + 1 < available ? (int)i + 2 : 0;
}

int client_frame_take(struct client_frame *buffer, size_t limit, const uint8_t **payload,
		      size_t *length)
{
	size_t available = buffer->end - buffer->start;
	const uint8_t *bytes;
	int header;

	if (available == 0)
		return 0;
	bytes = buffer->bytes + buffer->start;
	header = client_frame_parse_header(bytes, available, length);
	if (header <= 0)
		return header;
	if (*length > limit)
		return -1;
	if (available - header < *length + 2)
		return 0;
	if (memcmp(bytes + header + *length, "\r\n", 2) != 0)
		return -1;
	*payload = bytes + header;
	buffer->start += header + *length + 2;
	return 1;
}

static void client_frame_compact(struct client_frame *buffer)
{
	size_t unread = buffer->end - buffer->start;

	if (buffer->start > 0 && unread > 0)
		memmove(buffer->bytes, buffer->bytes + buffer->start, unread);
	buffer->start = 0;
	buffer->end = unread;
	if (unread == 0 && buffer->capacity > KEPT)
		client_frame_clear(buffer);
}

size_t client_frame_room(struct client_frame *buffer)
{
	size_t capacity;
	uint8_t *grown;

	client_frame_compact(buffer);
	if (buffer->capacity - buffer->end >= ROOM)
		return buffer->capacity - buffer->end;
	capacity = 2 * (buffer->capacity > ROOM ? buffer->capacity : (size_t)ROOM);
	grown = realloc(buffer->bytes, capacity);
	if (!grown)
		return 0;
	buffer->bytes = grown;
	buffer->capacity = capacity;
	return capacity - buffer->end;
}

void client_frame_clear(struct client_frame *buffer)
{
	free(buffer->bytes);
	memset(buffer, 0, sizeof(*buffer));
}
