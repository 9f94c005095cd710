/* SPDX-License-Identifier: Apache-2.0 */
/* Frames on the wire: the payload's length in decimal digits, CR LF, the payload, CR LF. The parser
 * takes bytes as they come and hands out whole payloads; it knows nothing of what is in them. */
#ifndef CORE_WIRE_FRAME_H
#define CORE_WIRE_FRAME_H

#include "warden/backend.h"

struct frame_parser {
	uint32_t limit; /* of a payload, bytes */
	uint8_t *data;  /* what came and was not consumed */
	size_t length, room;
	size_t consumed; /* of the front */
};

void frame_parser_init(struct frame_parser *parser, uint32_t limit);
void frame_parser_free(struct frame_parser *parser);

/* Room for at least one more byte, where the next read goes; NULL: no memory. Then frame_added with
 * what was read. */
uint8_t *frame_room(struct frame_parser *parser, size_t *size);
void frame_added(struct frame_parser *parser, size_t size);

/* Takes the next whole frame: 1 and its payload (valid until the next call with this parser); 0:
 * more must come; -1 and `err`: what came is no frame. */
int frame_next(struct frame_parser *parser, const uint8_t **payload, size_t *size,
	       struct warden_error *err);

#endif
