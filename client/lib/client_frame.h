/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of the protocol: a length in decimal, CR LF, that many bytes, CR LF. */
#ifndef CLIENT_LIB_CLIENT_FRAME_H
#define CLIENT_LIB_CLIENT_FRAME_H

#include <stddef.h>
#include <stdint.h>

/* What has come and was not taken yet. */
struct client_frame {
	uint8_t *bytes;
	size_t start, end; /* of what is unread */
	size_t capacity;
};

/* Looks for a whole frame at the front. 1: `*payload` lies in the buffer, valid until the buffer is
 * used again. 0: more has to come. -1: this is no frame, or one whose
 * length is over the limit. */
int client_frame_take(struct client_frame *buffer, size_t limit, const uint8_t **payload,
		      size_t *length);

/* Makes room for reading at the end; memory grows with what has come, not with what a length
 * promises. The number of bytes that fit at `bytes + end`; 0: no memory. */
size_t client_frame_room(struct client_frame *buffer);

void client_frame_clear(struct client_frame *buffer);

#endif
