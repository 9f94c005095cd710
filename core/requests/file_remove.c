/* SPDX-License-Identifier: Apache-2.0 */
/* FileRemove: removes a file or directory with vcap's rights. */
#include <config.h>

#include "core/transfer/transfer.h"
#include "core/wire/request.h"

static int file_remove_run(struct request *request, struct warden_error *err)
{
	const Warden__FileRemoveRequest *asked = (const void *)request->message;
	struct transfer *transfer =
		transfer_new(request, WARDEN_FILE_REMOVE, &asked->path, "path", NULL, NULL, err);

	if (!transfer)
		return -1;
	transfer->parameters.recursive = asked->recursive;
	request->data = transfer;
	transfer_start(transfer, transfer_answer);
	return 0;
}

const struct request_handler file_remove_request = {
	.type = WARDEN__MESSAGE__TYPE__FileRemove,
	.name = "file_remove",
	.message = &warden__file_remove_request__descriptor,
	.needs = ACCESS_FULL,
	.audited = true,
	.states = STATE_ACTIVE,
	.run = file_remove_run,
	.cancel = transfer_request_cancel,
};
