/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of the protocol: a length in decimal, CR LF, that many bytes, CR LF. */
#ifndef CLIENT_LIB_CLIENT_FRAME_H
#define CLIENT_LIB_CLIENT_FRAME_H

#include <stddef.h>
#include <stdint.h>

/* Bytes that were received and not yet taken. */
struct client_frame {
	uint8_t *bytes;
	size_t start, end; /* of the bytes not yet taken */
	size_t capacity;
};

/* Takes a whole frame from the front. Returns 1: `*payload` points into the buffer, valid until
 * the buffer is used again. 0: the frame is incomplete. -1: the header is invalid, or its length
 * exceeds the limit. */
int client_frame_take(struct client_frame *buffer, size_t limit, const uint8_t **payload,
		      size_t *length);

/* Makes room for receiving at `bytes + end` and returns how many bytes fit there; 0 if there is
 * no memory. The buffer grows with the bytes received, not with the length that a header claims. */
size_t client_frame_room(struct client_frame *buffer);

void client_frame_clear(struct client_frame *buffer);

#endif
