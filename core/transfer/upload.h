/* SPDX-License-Identifier: Apache-2.0 */
/* What tar_in has begun on a connection, until the tar_data that ends it is answered. */
#ifndef CORE_TRANSFER_UPLOAD_H
#define CORE_TRANSFER_UPLOAD_H

#include "core/transfer/transfer.h"

struct upload {
	struct connection *connection; /* NULL: the client has left */
	struct transfer *transfer;     /* NULL: it is over */
	struct request *request;       /* that waits: tar_in or tar_data; NULL: none */
	uv_write_t write;
	bool writing;  /* the data of `request`, which must stay */
	bool complete; /* all data were sent */
	bool failed;
	struct warden_error err;
};

/* Begins one, for tar_in; it then is the connection's. The request is answered when the backend has
 * begun. -1 and `err`. */
int upload_begin(struct request *request, struct transfer *transfer, struct warden_error *err);

/* Sends the data of a tar_data request, which is answered when they are taken; with `end`, when all
 * is unpacked. */
void upload_data(struct upload *upload, struct request *request, const ProtobufCBinaryData *data,
		 bool end);

/* For request_handler: the answer goes nowhere; upload_abandon does the rest. */
bool upload_request_cancel(struct request *request);

/* Its client has left. */
void upload_abandon(struct upload *upload);

#endif
