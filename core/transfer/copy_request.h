/* SPDX-License-Identifier: Apache-2.0 */
/* The common part of CopyIn and CopyOut: one answer at the end or, if the client asks for
 * `progress`, parts of an answer during the copy. */
#ifndef CORE_TRANSFER_COPY_REQUEST_H
#define CORE_TRANSFER_COPY_REQUEST_H

#include "core/transfer/download.h"

/* Begins the copy; takes the transfer, also on failure. -1 and `err`. */
int copy_request_begin(struct request *request, struct transfer *transfer, bool progress,
		       struct warden_error *err);

/* The handler's cancel; its written is download_written. */
bool copy_request_cancel(struct request *request, bool progress);

#endif
