/* SPDX-License-Identifier: Apache-2.0 */
/* TarData: the next bytes of the tar stream of the current TarIn on the same connection. */
#include <config.h>

#include "core/transfer/upload.h"
#include "core/wire/request.h"

static int tar_data_run(struct request *request, struct warden_error *err)
{
	const Warden__TarDataRequest *asked = (const void *)request->message;
	struct upload *upload = request->connection->upload;

	if (!upload)
		return warden_error_set(err, "no tar_in is in progress on this connection");
	upload_data(upload, request, &asked->data, asked->end);
	return 0;
}

const struct request_handler tar_data_request = {
	.type = WARDEN__MESSAGE__TYPE__TarData,
	.name = "tar_data",
	.message = &warden__tar_data_request__descriptor,
	.needs = ACCESS_FULL,
	.run = tar_data_run,
	.cancel = upload_request_cancel,
};
