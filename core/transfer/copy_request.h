/* SPDX-License-Identifier: Apache-2.0 */
/* What CopyIn and CopyOut have in common: an answer at the end, or, for a client that asks for
 * `progress`, parts of one on the way. */
#ifndef CORE_TRANSFER_COPY_REQUEST_H
#define CORE_TRANSFER_COPY_REQUEST_H

#include "core/transfer/download.h"

/* Begins; -1 and `err`: it has freed the transfer. */
int copy_request_begin(struct request *request, struct transfer *transfer, bool progress,
		       struct warden_error *err);

/* For request_handler, beside download_written. */
bool copy_request_cancel(struct request *request, bool progress);

#endif
