/* SPDX-License-Identifier: Apache-2.0 */
/* CopyIn: copies files of the host into a container. The source is read with the client's rights,
 * the destination written with vcap's. */
#include <config.h>

#include "core/transfer/copy_request.h"
#include "core/wire/request.h"

static int copy_in_run(struct request *request, struct warden_error *err)
{
	const Warden__CopyInRequest *asked = (const void *)request->message;
	struct transfer *transfer = transfer_new(request, WARDEN_COPY_IN, &asked->dst_path,
						 "dst_path", &asked->src_path, "src_path", err);

	if (!transfer)
		return -1;
	return copy_request_begin(request, transfer, asked->progress, err);
}

static bool copy_in_cancel(struct request *request)
{
	const Warden__CopyInRequest *asked = (const void *)request->message;

	return copy_request_cancel(request, asked->progress);
}

const struct request_handler copy_in_request = {
	.type = WARDEN__MESSAGE__TYPE__CopyIn,
	.name = "copy_in",
	.message = &warden__copy_in_request__descriptor,
	.needs = ACCESS_FULL,
	.audited = true,
	.states = STATE_ACTIVE,
	.run = copy_in_run,
	.cancel = copy_in_cancel,
	.written = download_written,
};
