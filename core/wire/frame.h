/* SPDX-License-Identifier: Apache-2.0 */
/* Frames on the wire: the payload's length in decimal digits, CR LF, the payload, CR LF. The parser
 * takes bytes as they arrive and returns whole payloads; it does not decode them. */
#ifndef CORE_WIRE_FRAME_H
#define CORE_WIRE_FRAME_H

#include "warden/backend.h"

struct frame_parser {
	uint32_t limit;      /* of a payload, bytes */
	uint8_t *data;       /* received bytes */
	size_t length, room; /* bytes used and allocated */
	size_t consumed;     /* bytes at the front that were returned as frames */
};

void frame_parser_init(struct frame_parser *parser, uint32_t limit);
void frame_parser_free(struct frame_parser *parser);

/* Buffer of `*size` (at least 1) bytes for the next read; NULL: no memory. After the read the
 * caller reports the number of bytes with frame_added. */
uint8_t *frame_room(struct frame_parser *parser, size_t *size);
void frame_added(struct frame_parser *parser, size_t size);

/* Gives back the memory of the frames that were returned, unless many bytes would have to be moved
 * for little. Their payloads are no longer valid. */
void frame_release(struct frame_parser *parser);

/* Returns the next whole frame: 1 and its payload (valid until the next call with this parser); 0:
 * more bytes are needed; -1 and `err`: the input is not a frame. */
int frame_next(struct frame_parser *parser, const uint8_t **payload, size_t *size,
	       struct warden_error *err);

#endif
