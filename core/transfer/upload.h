/* SPDX-License-Identifier: Apache-2.0 */
/* An upload of a tar stream on a connection, from tar_in until the last tar_data is answered. */
#ifndef CORE_TRANSFER_UPLOAD_H
#define CORE_TRANSFER_UPLOAD_H

#include "core/transfer/transfer.h"

struct upload {
	struct connection *connection; /* NULL: the client has left */
	struct transfer *transfer;     /* NULL: it has ended */
	struct request *request;       /* the waiting tar_in or tar_data, or NULL */
	uv_write_t write;
	bool writing;  /* a write from the memory of `request` is pending */
	bool complete; /* the client has sent all data */
	bool failed;
	struct warden_error err; /* if failed and the transfer has ended */
	uint64_t skipped;        /* members of the stream that were left out */
};

/* Begins an upload for tar_in and attaches it to the connection; takes the transfer on success. The
 * request is answered when the backend has begun. -1 and `err`. */
int upload_begin(struct request *request, struct transfer *transfer, struct warden_error *err);

/* Writes the data of a tar_data request, which is answered when they are written or, with `end`,
 * when all is unpacked. */
void upload_data(struct upload *upload, struct request *request, const ProtobufCBinaryData *data,
		 bool end);

/* The handler's cancel: the answer is discarded; upload_abandon does the rest. */
bool upload_request_cancel(struct request *request);

/* The client has left: cancels the transfer. */
void upload_abandon(struct upload *upload);

#endif
