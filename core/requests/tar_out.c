/* SPDX-License-Identifier: Apache-2.0 */
/* TarOut: sends files of a container, as the container's root reads them, as a tar stream in parts.
 */
#include <config.h>

#include <stdlib.h>

#include "core/transfer/download.h"
#include "core/wire/request.h"
#include "lib/varint.h"

/* TarOutResponse's field, and the most bytes in front of its data. */
enum { FIELD_DATA = 1, HEAD_MAX = 16 };

static ssize_t tar_out_encode(const uint8_t *data, size_t used, struct segment_list *payload)
{
	uint8_t *part = malloc(HEAD_MAX + used);
	size_t n = 0;

	if (part) {
		n = varint_put(part, FIELD_DATA << 3 | 2);
		n += varint_put(part + n, used);
		memcpy(part + n, data, used);
	}
	return segment_add_memory(payload, part, n + used) ? (ssize_t)used : -1;
}

static void tar_out_end(struct request *request, const struct transfer *transfer)
{
	Warden__TarOutResponse answer = WARDEN__TAR_OUT_RESPONSE__INIT;

	answer.has_end = answer.end = true;
	answer.skipped = transfer->end.skipped;
	answer.has_skipped = answer.skipped > 0;
	answer.vanished = transfer->end.vanished;
	answer.has_vanished = answer.vanished > 0;
	if (transfer->failed)
		request_fail(request, &transfer->err);
	else
		request_answer(request, &answer.base);
}

static const struct download_handler tar_out = {
	.encode = tar_out_encode,
	.end = tar_out_end,
};

static int tar_out_run(struct request *request, struct warden_error *err)
{
	const Warden__TarOutRequest *asked = (const void *)request->message;
	struct transfer *transfer = transfer_new(request, WARDEN_TAR_OUT, &asked->src_path,
						 "src_path", NULL, NULL, err);

	if (!transfer)
		return -1;
	transfer->parameters.keep_modes = asked->keep_modes;
	if (download_begin(request, transfer, &tar_out, err) == 0)
		return 0;
	transfer_free(transfer);
	return -1;
}

const struct request_handler tar_out_request = {
	.type = WARDEN__MESSAGE__TYPE__TarOut,
	.name = "tar_out",
	.message = &warden__tar_out_request__descriptor,
	.needs = ACCESS_FULL,
	.audited = true,
	.states = STATE_ACTIVE | STATE_STOPPED,
	.run = tar_out_run,
	.cancel = download_cancel,
	.written = download_written,
};
