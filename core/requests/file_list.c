/* SPDX-License-Identifier: Apache-2.0 */
/* FileList: lists a directory as the container's root sees it. The backend reports the entries,
 * which are collected as an encoded answer. */
#include <config.h>

#include "core/transfer/transfer.h"
#include "core/transfer/transfer_reports.h"
#include "core/wire/request.h"

/* Reserved for the frame around the answer, bytes. */
enum { ROOM = 128 };

static void file_list_ended(struct transfer *transfer)
{
	struct segment_list list = TAILQ_HEAD_INITIALIZER(list);
	struct request *request = transfer->request;
	uint8_t *answer = NULL;
	size_t size = 0;

	if (!transfer->failed &&
	    report_box_take_list(transfer->box, &answer, &size, &transfer->err) < 0)
		transfer->failed = true;
	if (transfer->failed) {
		transfer_answer(transfer);
		return;
	}
	request->data = NULL;
	transfer_free(transfer);
	if (!answer)
		request_answer_empty(request);
	else if (segment_add_memory(&list, answer, size))
		request_answer_segments(request, &list);
	else
		request_fail_text(request, "no memory for the list");
}

static int file_list_run(struct request *request, struct warden_error *err)
{
	const Warden__FileListRequest *asked = (const void *)request->message;
	struct transfer *transfer =
		transfer_new(request, WARDEN_FILE_LIST, &asked->path, "path", NULL, NULL, err);

	if (!transfer)
		return -1;
	transfer->parameters.length = request->server->config->server.frame_limit - ROOM;
	if (transfer_open_box(transfer, err) < 0) {
		transfer_free(transfer);
		return -1;
	}
	request->data = transfer;
	transfer_start(transfer, file_list_ended);
	return 0;
}

const struct request_handler file_list_request = {
	.type = WARDEN__MESSAGE__TYPE__FileList,
	.name = "file_list",
	.message = &warden__file_list_request__descriptor,
	.needs = ACCESS_FULL,
	.states = STATE_ACTIVE | STATE_STOPPED,
	.run = file_list_run,
	.cancel = transfer_request_cancel,
};
