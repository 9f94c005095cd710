/* SPDX-License-Identifier: Apache-2.0 */
/* Frames on the wire; see frame.h. */
#include <config.h>

#include "core/wire/frame.h"

#include <stdlib.h>

enum {
	READ_SIZE = 16384,
	RELEASE_SIZE = 65536,
	LENGTH_DIGITS_MAX = 10, /* of a length that fits 32 bits */
};

void frame_parser_init(struct frame_parser *parser, uint32_t limit)
{
	*parser = (struct frame_parser){.limit = limit};
}

void frame_parser_free(struct frame_parser *parser)
{
	free(parser->data);
	parser->data = NULL;
}

/* Moves the unconsumed bytes to the front, so that memory is bounded by one frame and one read. */
static void frame_discard_consumed(struct frame_parser *parser)
{
	if (parser->consumed == 0)
		return;
	parser->length -= parser->consumed;
	memmove(parser->data, parser->data + parser->consumed, parser->length);
	parser->consumed = 0;
	if (parser->length == 0 && parser->room / 4 > READ_SIZE) {
		free(parser->data); /* do not keep the buffer of a large frame */
		parser->data = NULL;
		parser->room = 0;
	}
}

void frame_release(struct frame_parser *parser)
{
	if (parser->consumed == parser->length || parser->consumed > RELEASE_SIZE)
		frame_discard_consumed(parser);
}

uint8_t *frame_room(struct frame_parser *parser, size_t *size)
{
	frame_discard_consumed(parser);
	if (parser->room - parser->length < READ_SIZE / 4) {
		size_t room = parser->room ? parser->room * 2 : READ_SIZE;
		uint8_t *data = realloc(parser->data, room);

		if (!data)
			return NULL;
		parser->data = data;
		parser->room = room;
	}
	*size = parser->room - parser->length;
	return parser->data + parser->length;
}

void frame_added(struct frame_parser *parser, size_t size)
{
	parser->length += size;
}

/* Parses the length: 1 and the payload's offset; 0: more bytes are needed; -1 and `err`: invalid.
 */
static int frame_parse_length(const struct frame_parser *parser, uint64_t *size, size_t *begin,
			      struct warden_error *err)
{
	const uint8_t *data = parser->data + parser->consumed;
	size_t length = parser->length - parser->consumed;
	size_t digits = 0;

	*size = 0;
	while (digits < length && data[digits] >= '0' && data[digits] <= '9') {
		if (digits == LENGTH_DIGITS_MAX)
			return warden_error_set(err,
						"Invalid frame: its length has more than %d digits",
						LENGTH_DIGITS_MAX);
		*size = *size * 10 + (uint64_t)(data[digits++] - '0');
	}
	if (*size > parser->limit)
		return warden_error_set(
			err, "Invalid frame: its length %llu is over the limit of %u bytes",
			(unsigned long long)*size, parser->limit);
	if (digits == length)
		return 0;
	if (digits == 0 || data[digits] != '\r' ||
	    (digits + 1 < length && data[digits + 1] != '\n'))
		return warden_error_set(
			err, "Invalid frame: expected a length in decimal digits and CR LF");
	if (digits + 1 == length)
		return 0;
	*begin = parser->consumed + digits + 2;
	return 1;
}

int frame_next(struct frame_parser *parser, const uint8_t **payload, size_t *size,
	       struct warden_error *err)
{
	uint64_t expected;
	size_t begin = 0, left;
	int result = frame_parse_length(parser, &expected, &begin, err);

	if (result <= 0)
		return result;
	left = parser->length - begin;
	if ((left > expected && parser->data[begin + expected] != '\r') ||
	    (left > expected + 1 && parser->data[begin + expected + 1] != '\n'))
		return warden_error_set(
			err, "Invalid frame: its payload of %llu bytes does not end in CR LF",
			(unsigned long long)expected);
	if (left < expected + 2)
		return 0;
	*payload = parser->data + begin;
	*size = (size_t)expected;
	parser->consumed = begin + (size_t)expected + 2;
	return 1;
}
