/* SPDX-License-Identifier: Apache-2.0 */
/* The common part of CopyIn and CopyOut; see copy_request.h. */
#include <config.h>

#include "core/transfer/copy_request.h"

#include <stdlib.h>

#include "core/transfer/transfer_reports.h"
#include "core/wire/request.h"
#include "lib/varint.h"

/* Fields of both responses, and their largest size. */
enum { FIELD_FILES = 100, FIELD_BYTES = 101, PART_MAX = 32 };

/* Encodes only the latest progress; older figures are outdated. */
static ssize_t copy_request_encode(const uint8_t *data, size_t used, struct segment_list *payload)
{
	size_t records = used / sizeof(struct progress_record), n = 0;
	struct progress_record progress;
	uint8_t *part;

	if (records == 0)
		return 0;
	memcpy(&progress, data + (records - 1) * sizeof(progress), sizeof(progress));
	part = malloc(PART_MAX);
	if (part) {
		n = varint_put(part, FIELD_FILES << 3);
		n += varint_put(part + n, progress.files);
		n += varint_put(part + n, FIELD_BYTES << 3);
		n += varint_put(part + n, progress.bytes);
	}
	return segment_add_memory(payload, part, n) ? (ssize_t)(records * sizeof(progress)) : -1;
}

/* The last answer says what is not in the copy. */
static void copy_request_end(struct request *request, const struct transfer *transfer)
{
	/* A CopyOutResponse has the same fields. */
	Warden__CopyInResponse answer = WARDEN__COPY_IN_RESPONSE__INIT;

	answer.skipped = transfer->end.skipped;
	answer.has_skipped = answer.skipped > 0;
	answer.vanished = transfer->end.vanished;
	answer.has_vanished = answer.vanished > 0;
	if (transfer->failed)
		request_fail(request, &transfer->err);
	else
		request_answer(request, &answer.base);
}

/* As copy_request_end, of a copy without progress. */
static void copy_request_ended(struct transfer *transfer)
{
	struct request *request = transfer->request;

	request->data = NULL;
	copy_request_end(request, transfer);
	transfer_free(transfer);
}

static const struct download_handler copy = {
	.encode = copy_request_encode,
	.end = copy_request_end,
};

int copy_request_begin(struct request *request, struct transfer *transfer, bool progress,
		       struct warden_error *err)
{
	if (!progress) {
		request->data = transfer;
		transfer_start(transfer, copy_request_ended);
		return 0;
	}
	transfer->parameters.report_progress = true;
	if (transfer_open_box(transfer, err) == 0 &&
	    download_begin(request, transfer, &copy, err) == 0)
		return 0;
	transfer_free(transfer);
	return -1;
}

bool copy_request_cancel(struct request *request, bool progress)
{
	return progress ? download_cancel(request) : transfer_request_cancel(request);
}
