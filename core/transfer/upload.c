/* SPDX-License-Identifier: Apache-2.0 */
/* A tar stream on its way from a client's requests to the backend; see upload.h. One request at a
 * time is written, from its own memory: a container that is slow holds its client back. */
#include <config.h>

#include "core/transfer/upload.h"

#include <stdlib.h>

#include "core/wire/request.h"

static void free_if_done(struct upload *upload)
{
	if (!upload->connection && !upload->transfer && !upload->writing)
		free(upload);
}

/* The connection may begin another one. */
static void detach(struct upload *upload)
{
	if (upload->connection)
		upload->connection->upload = NULL;
	upload->connection = NULL;
}

/* Answers what waits, where it can be by now. */
static void step(struct upload *upload)
{
	struct request *request = upload->request;
	bool over = !upload->transfer;

	if (!request || upload->writing)
		return;
	if (!over && upload->complete)
		return;
	/* A stream that could not be written is over soon, and why is told then. */
	if (!over && upload->failed)
		return;
	upload->request = NULL;
	if (over)
		detach(upload);
	if (upload->failed)
		request_fail(request, &upload->err);
	else
		request_answer_empty(request);
}

/* The backend is done with it. */
static void upload_ended(struct transfer *transfer)
{
	struct upload *upload = transfer->stream;

	/* What was given too little is told as that, what was not all taken as what came of it. */
	if (transfer->failed) {
		upload->failed = true;
		upload->err = transfer->err;
	} else if (!upload->complete && !upload->failed) {
		upload->failed = true;
		warden_error_set(&upload->err, "the tar stream was not taken to its end");
	} else if (upload->failed) {
		warden_error_set(&upload->err, "the tar stream could not be passed on");
	}
	upload->transfer = NULL;
	transfer_free(transfer);
	step(upload);
	free_if_done(upload);
}

static void upload_begun(struct transfer *transfer)
{
	step(transfer->stream);
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

static void finish_write(struct upload *upload, int status)
{
	if (status < 0)
		upload->failed = true;
	else if (upload->complete && upload->transfer)
		transfer_close_pipe(upload->transfer);
	step(upload);
	free_if_done(upload);
}

static void on_written(uv_write_t *write, int status)
{
	struct upload *upload = write->data;

	upload->writing = false;
	finish_write(upload, status);
}

void upload_data(struct upload *upload, struct request *request, const ProtobufCBinaryData *data,
		 bool end)
{
	uv_buf_t buffer = uv_buf_init((char *)data->data, (unsigned)data->len);
	int result;

	upload->request = request;
	request->data = upload;
	upload->complete = end;
	/* Who waits is told why, once it is over. */
	if (upload->transfer && upload->transfer->cancelled)
		upload->failed = true;
	if (upload->failed || !upload->transfer || data->len == 0) {
		finish_write(upload, 0);
		return;
	}
	upload->writing = true;
	upload->write.data = upload;
	result = uv_write(&upload->write, (uv_stream_t *)upload->transfer->pipe, &buffer, 1,
			  on_written);
	if (result < 0) {
		upload->writing = false;
		finish_write(upload, result);
	}
}

bool upload_request_cancel(struct request *request)
{
	(void)request;
	return false;
}

void upload_abandon(struct upload *upload)
{
	detach(upload);
	if (upload->transfer) {
		transfer_cancel(upload->transfer);
		transfer_close_pipe(upload->transfer);
	}
	free_if_done(upload);
}
