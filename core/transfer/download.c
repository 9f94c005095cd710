/* SPDX-License-Identifier: Apache-2.0 */
/* Streams data from the backend to a client; see download.h. */
#include <config.h>

#include "core/transfer/download.h"

#include <stdlib.h>

#include "core/transfer/transfer_reports.h"
#include "core/wire/request.h"

enum { BUFFER_SIZE = 64 * 1024 };

struct download {
	const struct download_handler *handler;
	struct transfer *transfer;
	struct request *request; /* NULL: it was answered, or the client has left */
	bool sending;            /* a part is not yet written */
	bool reading;            /* uv_read_start is active */
	bool drained;            /* the stream is at its end, or the box will stay empty */
	bool transfer_ended;
	bool stepping; /* guards against recursion when a part is written at once */
	bool took;     /* this step has taken reports */
	size_t used;   /* bytes of `buffer` that are not sent */
	uint8_t buffer[BUFFER_SIZE];
};

static void download_step(struct download *download);

static void download_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	const struct transfer *transfer = handle->data;
	struct download *download = transfer->stream;

	(void)suggested;
	*buffer = uv_buf_init((char *)download->buffer + download->used,
			      (unsigned)(sizeof(download->buffer) - download->used));
}

static void download_on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
	const struct transfer *transfer = stream->data;
	struct download *download = transfer->stream;

	(void)buffer;
	if (got == 0)
		return;
	uv_read_stop(stream);
	download->reading = false;
	if (got < 0)
		download->drained = true;
	else
		download->used += (size_t)got;
	download_step(download);
}

static void download_read_more(struct download *download)
{
	download->reading = true;
	if (uv_read_start((uv_stream_t *)download->transfer->pipe, download_alloc,
			  download_on_read) == 0)
		return;
	download->reading = false;
	download->drained = true;
}

static void download_fail(struct download *download)
{
	struct request *request = download->request;

	download->request = NULL;
	request->data = NULL;
	transfer_cancel(download->transfer);
	request_fail_text(request, "no memory for a part of the answer");
}

/* Encodes and sends a part of the buffer. False: the buffer holds no whole part, or no memory. */
static bool download_send_part(struct download *download)
{
	struct segment_list payload = TAILQ_HEAD_INITIALIZER(payload);
	ssize_t taken = download->handler->encode(download->buffer, download->used, &payload);

	if (taken < 0) {
		segments_free(&payload);
		download_fail(download);
	}
	if (taken <= 0)
		return false;
	download->used -= (size_t)taken;
	memmove(download->buffer, download->buffer + taken, download->used);
	download->sending = true;
	request_send_part(download->request, &payload); /* may call download_written at once */
	return true;
}

/* Takes reports from the box. True: there were some. */
static bool download_take_reports(struct download *download)
{
	size_t taken = report_box_take(download->transfer->box, download->buffer + download->used,
				       sizeof(download->buffer) - download->used);

	download->used += taken;
	download->took = true;
	/* The backend reports nothing after the end. */
	download->drained = taken == 0 && download->transfer_ended;
	return taken > 0;
}

/* Sends the next part or reads more. True: call it again, another part may be ready. */
static bool download_advance(struct download *download)
{
	if (download->sending || download->reading)
		return false;
	if (!download->request)
		download->used = 0; /* discard it, the client has left */
	if (download->used > 0 && download_send_part(download))
		return true;
	if (download->drained)
		return false;
	/* Later reports wake the loop for another step: a container that causes changes without end
	 * does not keep the loop from other clients. */
	if (download->transfer->box)
		return (!download->took || download->transfer_ended) &&
		       download_take_reports(download);
	download_read_more(download);
	return false;
}

static void download_finish(struct download *download)
{
	struct transfer *transfer = download->transfer;
	struct request *request = download->request;

	if (request) {
		request->data = NULL;
		download->handler->end(request, transfer);
	}
	transfer_free(transfer);
	free(download);
}

static void download_step(struct download *download)
{
	if (download->stepping)
		return;
	download->stepping = true;
	download->took = false;
	while (download_advance(download))
		;
	download->stepping = false;
	if (download->drained && download->transfer_ended && !download->sending)
		download_finish(download);
}

static void download_ended(struct transfer *transfer)
{
	struct download *download = transfer->stream;

	download->transfer_ended = true;
	/* If the backend never began it does not close the stream. Later reports are discarded. */
	if (transfer->abandoned) {
		download->drained = true;
		download->sending = false;
	}
	download_step(download);
}

static void download_reported(struct transfer *transfer)
{
	download_step(transfer->stream);
}

int download_begin(struct request *request, struct transfer *transfer,
		   const struct download_handler *handler, struct warden_error *err)
{
	struct download *download = calloc(1, sizeof(*download));

	if (!download)
		return warden_error_set(err, "no memory for a stream");
	if (!transfer->box && transfer_open_pipe(transfer, err) < 0) {
		free(download);
		return -1;
	}
	download->handler = handler;
	download->transfer = transfer;
	download->request = request;
	request->data = download;
	transfer->stream = download;
	transfer->reported = download_reported;
	transfer_start(transfer, download_ended);
	download_step(download);
	return 0;
}

void download_written(struct request *request, bool whole)
{
	struct download *download = request->data;

	(void)whole;
	if (!download)
		return; /* the last answer was written */
	download->sending = false;
	download_step(download);
}

bool download_cancel(struct request *request)
{
	struct download *download = request->data;

	if (!download)
		return false; /* the last answer is being written */
	request->data = NULL;
	download->request = NULL;
	download->sending = false;
	transfer_cancel(download->transfer);
	download_step(download);
	return true;
}
