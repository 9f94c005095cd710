/* SPDX-License-Identifier: Apache-2.0 */
/* TarIn: begins to unpack a tar stream, whose bytes follow in TarData requests on the same
 * connection. */
#include <config.h>

#include "core/transfer/upload.h"
#include "core/wire/request.h"

static int tar_in_run(struct request *request, struct warden_error *err)
{
	const Warden__TarInRequest *asked = (const void *)request->message;
	struct transfer *transfer;

	if (request->connection && request->connection->upload)
		return warden_error_set(err, "a tar_in is already in progress on this connection");
	transfer =
		transfer_new(request, WARDEN_TAR_IN, &asked->dst_path, "dst_path", NULL, NULL, err);
	if (!transfer)
		return -1;
	if (upload_begin(request, transfer, err) == 0)
		return 0;
	transfer_free(transfer);
	return -1;
}

const struct request_handler tar_in_request = {
	.type = WARDEN__MESSAGE__TYPE__TarIn,
	.name = "tar_in",
	.message = &warden__tar_in_request__descriptor,
	.needs = ACCESS_FULL,
	.audited = true,
	.states = STATE_ACTIVE,
	.run = tar_in_run,
	.cancel = upload_request_cancel,
};
