/* SPDX-License-Identifier: Apache-2.0 */
/* Sends a transfer's stream or its reports to a client in parts of an answer. It reads no further
 * than the client does, so a slow client holds a stream back; reports stay in their box, which is
 * bounded. */
#ifndef CORE_TRANSFER_DOWNLOAD_H
#define CORE_TRANSFER_DOWNLOAD_H

#include "core/transfer/transfer.h"
#include "core/wire/connection.h"

struct download_handler {
	/* Encodes a part of the answer from the first of `used` bytes into `payload`. Returns the
	 * number of bytes that it consumed, 0 if more are needed. -1: no memory. */
	ssize_t (*encode)(const uint8_t *data, size_t used, struct segment_list *payload);
	/* Sends the last answer, after all parts are written. */
	void (*end)(struct request *request, const struct transfer *transfer);
};

/* Begins; takes the transfer on success. The source is the transfer's box if it has one, else a
 * stream that this opens. -1 and `err`: the caller frees the transfer. */
int download_begin(struct request *request, struct transfer *transfer,
		   const struct download_handler *handler, struct warden_error *err);

/* The handler's written and cancel. */
void download_written(struct request *request, bool whole);
bool download_cancel(struct request *request);

#endif
