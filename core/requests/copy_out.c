/* SPDX-License-Identifier: Apache-2.0 */
/* CopyOut: copies files of a container to the host with the client's rights. The copies belong to
 * the client, or to `owner` if the client is root. */
#include <config.h>

#include "core/transfer/copy_request.h"
#include "core/wire/request.h"

enum { OWNER_MAX = 512 };

static int copy_out_run(struct request *request, struct warden_error *err)
{
	const Warden__CopyOutRequest *asked = (const void *)request->message;
	struct transfer *transfer = transfer_new(request, WARDEN_COPY_OUT, &asked->src_path,
						 "src_path", &asked->dst_path, "dst_path", err);

	if (!transfer)
		return -1;
	transfer->parameters.keep_modes = asked->keep_modes;
	if (asked->has_owner && asked->owner.len > 0) {
		transfer->owner = request_text(&asked->owner, "owner", OWNER_MAX, err);
		if (!transfer->owner) {
			transfer_free(transfer);
			return -1;
		}
	}
	return copy_request_begin(request, transfer, asked->progress, err);
}

static bool copy_out_cancel(struct request *request)
{
	const Warden__CopyOutRequest *asked = (const void *)request->message;

	return copy_request_cancel(request, asked->progress);
}

const struct request_handler copy_out_request = {
	.type = WARDEN__MESSAGE__TYPE__CopyOut,
	.name = "copy_out",
	.message = &warden__copy_out_request__descriptor,
	.needs = ACCESS_FULL,
	.audited = true,
	.states = STATE_ACTIVE | STATE_STOPPED,
	.run = copy_out_run,
	.cancel = copy_out_cancel,
	.written = download_written,
};
