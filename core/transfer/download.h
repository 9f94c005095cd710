/* SPDX-License-Identifier: Apache-2.0 */
/* What comes through a transfer's stream on its way to a client, in parts of an answer: no more is
 * taken than the client has read. */
#ifndef CORE_TRANSFER_DOWNLOAD_H
#define CORE_TRANSFER_DOWNLOAD_H

#include "core/transfer/transfer.h"
#include "core/wire/connection.h"

struct download_handler {
	/* Encodes a part of the answer from the first of `used` bytes into `payload`; how many of
	 * them it took, 0 where that takes more of them. -1: no memory. */
	ssize_t (*encode)(const uint8_t *data, size_t used, struct segment_list *payload);
	/* Gives the last answer, when all has been sent. */
	void (*end)(struct request *request, const struct transfer *transfer);
};

/* Begins; the transfer then is the download's. -1 and `err`: it is the caller's. */
int download_begin(struct request *request, struct transfer *transfer,
		   const struct download_handler *container_klass, struct warden_error *err);

/* For request_handler. */
void download_written(struct request *request, bool whole);
bool download_cancel(struct request *request);

#endif
