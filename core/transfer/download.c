/* SPDX-License-Identifier: Apache-2.0 */
/* Streams from the backend to a client; see download.h. */
#include <config.h>

#include "core/transfer/download.h"

#include <stdlib.h>

#include "core/wire/request.h"

enum { BUFFER = 64 * 1024 };

struct download {
	const struct download_handler *handler;
	struct transfer *transfer;
	struct request *request; /* NULL: it was answered, or its client has left */
	bool sending;            /* a part is on its way to the client */
	bool reading;            /* more of the stream is waited for */
	bool drained;            /* the stream has ended */
	bool over;               /* the transfer has ended */
	bool stepping;           /* guards against a part that is written at once */
	size_t used;             /* of buffer: came and was not sent */
	uint8_t buffer[BUFFER];
};

static void step(struct download *download);

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	const struct transfer *transfer = handle->data;
	struct download *download = transfer->stream;

	(void)suggested;
	*buffer = uv_buf_init((char *)download->buffer + download->used,
			      (unsigned)(sizeof(download->buffer) - download->used));
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
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
	step(download);
}

static void read_more(struct download *download)
{
	download->reading = true;
	if (uv_read_start((uv_stream_t *)download->transfer->pipe, give_room, on_read) == 0)
		return;
	download->reading = false;
	download->drained = true;
}

static void give_up(struct download *download)
{
	struct request *request = download->request;

	download->request = NULL;
	request->data = NULL;
	transfer_cancel(download->transfer);
	request_fail_text(request, "no memory for a part of the answer");
}

/* Sends a part of what there is; whether there was one. */
static bool send_part(struct download *download)
{
	struct segment_list payload = TAILQ_HEAD_INITIALIZER(payload);
	ssize_t taken = download->handler->encode(download->buffer, download->used, &payload);

	if (taken < 0) {
		segments_free(&payload);
		give_up(download);
	}
	if (taken <= 0)
		return false;
	download->used -= (size_t)taken;
	memmove(download->buffer, download->buffer + taken, download->used);
	download->sending = true;
	request_send_part(download->request, &payload); /* may come back at once */
	return true;
}

/* Does the next thing; whether there may be another one to do now. */
static bool advance(struct download *download)
{
	if (download->sending || download->reading)
		return false;
	if (!download->request)
		download->used = 0; /* nobody wants it */
	if (download->used > 0 && send_part(download))
		return true;
	if (!download->drained)
		read_more(download);
	return false;
}

static void finish(struct download *download)
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

static void step(struct download *download)
{
	if (download->stepping)
		return;
	download->stepping = true;
	while (advance(download))
		;
	download->stepping = false;
	if (download->drained && download->over && !download->sending)
		finish(download);
}

static void download_ended(struct transfer *transfer)
{
	struct download *download = transfer->stream;

	download->over = true;
	/* One that never began has no other end that could close. */
	if (transfer->abandoned) {
		download->drained = true;
		download->sending = false;
	}
	step(download);
}

int download_begin(struct request *request, struct transfer *transfer,
		   const struct download_handler *container_klass, struct warden_error *err)
{
	struct download *download = calloc(1, sizeof(*download));

	if (!download)
		return warden_error_set(err, "no memory for a stream");
	if (transfer_open_pipe(transfer, err) < 0) {
		free(download);
		return -1;
	}
	download->handler = container_klass;
	download->transfer = transfer;
	download->request = request;
	request->data = download;
	transfer->stream = download;
	transfer_start(transfer, download_ended);
	step(download);
	return 0;
}

void download_written(struct request *request, bool whole)
{
	struct download *download = request->data;

	(void)whole;
	if (!download)
		return; /* it was the last answer */
	download->sending = false;
	step(download);
}

bool download_cancel(struct request *request)
{
	struct download *download = request->data;

	if (!download)
		return false; /* it is being answered */
	request->data = NULL;
	download->request = NULL;
	download->sending = false;
	transfer_cancel(download->transfer);
	step(download);
	return true;
}
