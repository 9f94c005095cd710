/* SPDX-License-Identifier: Apache-2.0 */
/* FileWrite: writes a file, or a part of one, with vcap's rights. */
#include <config.h>

#include "core/transfer/transfer.h"
#include "core/wire/request.h"

enum { DEFAULT_MODE = 0644, MODE_MAX = 07777 };

static int file_write_run(struct request *request, struct warden_error *err)
{
	const Warden__FileWriteRequest *asked = (const void *)request->message;
	struct transfer *transfer;

	if (asked->has_mode && asked->mode > MODE_MAX)
		return warden_error_set(err, "mode must be at most 0%o, not 0%o", MODE_MAX,
					asked->mode);
	if (asked->has_offset && asked->offset > INT64_MAX - asked->data.len)
		return warden_error_set(err, "offset %llu is beyond the largest size of a file",
					(unsigned long long)asked->offset);
	transfer = transfer_new(request, WARDEN_FILE_WRITE, &asked->path, "path", NULL, NULL, err);
	if (!transfer)
		return -1;
	transfer->uses_file = true;
	transfer->data = &asked->data;
	transfer->parameters.offset = asked->has_offset ? asked->offset : WARDEN_UNKNOWN;
	transfer->parameters.mode = asked->has_mode ? asked->mode : DEFAULT_MODE;
	request->data = transfer;
	transfer_start(transfer, transfer_answer);
	return 0;
}

const struct request_handler file_write_request = {
	.type = WARDEN__MESSAGE__TYPE__FileWrite,
	.name = "file_write",
	.message = &warden__file_write_request__descriptor,
	.needs = ACCESS_FULL,
	.audited = true,
	.states = STATE_ACTIVE,
	.run = file_write_run,
	.cancel = transfer_request_cancel,
};
