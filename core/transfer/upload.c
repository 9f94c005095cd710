/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the tar stream of a client's requests to the backend; see upload.h. It writes one request
 * at a time, from the request's memory, so a slow container holds its client back. */
#include <config.h>

#include "core/transfer/upload.h"

#include <stdlib.h>

#include "core/wire/request.h"

static void upload_free_if_done(struct upload *upload)
{
	if (!upload->connection && !upload->transfer && !upload->writing)
		free(upload);
}

/* Detaches the upload, so that the connection may begin another one. */
static void upload_detach(struct upload *upload)
{
	if (upload->connection)
		upload->connection->upload = NULL;
	upload->connection = NULL;
}

/* Answers a TarIn, or a TarData: the last one says what is not unpacked. */
static void upload_answer(const struct upload *upload, struct request *request)
{
	Warden__TarDataResponse answer = WARDEN__TAR_DATA_RESPONSE__INIT;

	answer.skipped = upload->skipped; /* 0 until the transfer has ended */
	answer.has_skipped = answer.skipped > 0;
	request_answer(request, &answer.base);
}

/* Answers the waiting request if its data are written or the transfer has ended. */
static void upload_answer_waiting(struct upload *upload)
{
	struct request *request = upload->request;
	bool over = !upload->transfer;

	if (!request || upload->writing)
		return;
	if (!over && upload->complete)
		return;
	/* If a write failed the transfer ends soon and reports the reason. */
	if (!over && upload->failed)
		return;
	upload->request = NULL;
	if (over)
		upload_detach(upload);
	if (upload->failed)
		request_fail(request, &upload->err);
	else
		upload_answer(upload, request);
}

/* The transfer has ended. */
static void upload_ended(struct transfer *transfer)
{
	struct upload *upload = transfer->stream;

	/* The backend's error comes first. Without one the stream was not read to its end, or a
	 * write failed. */
	if (transfer->failed) {
		upload->failed = true;
		upload->err = transfer->err;
	} else if (!upload->complete && !upload->failed) {
		upload->failed = true;
		warden_error_set(&upload->err,
				 "the backend did not read the tar stream to its end");
	} else if (upload->failed) {
		warden_error_set(&upload->err,
				 "the tar stream could not be written to the backend");
	}
	upload->skipped = transfer->end.skipped;
	upload->transfer = NULL;
	transfer_free(transfer);
	upload_answer_waiting(upload);
	upload_free_if_done(upload);
}

static void upload_begun(struct transfer *transfer)
{
	upload_answer_waiting(transfer->stream);
}

int upload_begin(struct request *request, struct transfer *transfer, struct warden_error *err)
{
	struct upload *upload = calloc(1, sizeof(*upload));

	if (!upload)
		return warden_error_set(err, "no memory for a tar stream");
	if (transfer_open_pipe(transfer, err) < 0) {
		free(upload);
		return -1;
	}
	upload->connection = request->connection;
	upload->connection->upload = upload;
	upload->transfer = transfer;
	upload->request = request;
	transfer->request = NULL;
	transfer->stream = upload;
	transfer->begun = upload_begun;
	transfer_start(transfer, upload_ended);
	return 0;
}

static void upload_finish_write(struct upload *upload, int status)
{
	if (status < 0) {
		upload->failed = true;
		/* A backend that has closed its end is about to report why; any other would wait
		 * for data. */
		if (upload->transfer && status != UV_EPIPE && status != UV_ECONNRESET)
			transfer_cancel(upload->transfer);
	} else if (upload->complete && upload->transfer) {
		transfer_close_pipe(upload->transfer);
	}
	upload_answer_waiting(upload);
	upload_free_if_done(upload);
}

static void upload_on_written(uv_write_t *write, int status)
{
	struct upload *upload = write->data;

	upload->writing = false;
	upload_finish_write(upload, status);
}

void upload_data(struct upload *upload, struct request *request, const ProtobufCBinaryData *data,
		 bool end)
{
	uv_buf_t buffer = uv_buf_init((char *)data->data, (unsigned)data->len);
	int result;

	upload->request = request;
	request->data = upload;
	upload->complete = end;
	/* The request is answered with the reason when the transfer ends. */
	if (upload->transfer && upload->transfer->cancelled)
		upload->failed = true;
	if (upload->failed || !upload->transfer || data->len == 0) {
		upload_finish_write(upload, 0);
		return;
	}
	upload->writing = true;
	upload->write.data = upload;
	result = uv_write(&upload->write, (uv_stream_t *)upload->transfer->pipe, &buffer, 1,
			  upload_on_written);
	if (result < 0) {
		upload->writing = false;
		upload_finish_write(upload, result);
	}
}

bool upload_request_cancel(struct request *request)
{
	(void)request;
	return false;
}

void upload_abandon(struct upload *upload)
{
	upload_detach(upload);
	if (upload->transfer) {
		transfer_cancel(upload->transfer);
		transfer_close_pipe(upload->transfer);
	}
	upload_free_if_done(upload);
}
