/* SPDX-License-Identifier: Apache-2.0 */
/* FileList: lists a directory as the container's root sees it. The backend writes the encoded
 * answer to a file, which is sent unchanged. */
#include <config.h>

#include <fcntl.h>
#include <sys/stat.h>

#include "core/transfer/transfer.h"
#include "core/wire/request.h"

/* Reserved for the frame around the answer, bytes. */
enum { ROOM = 128 };

static bool file_list_take_answer(struct transfer *transfer, struct segment_list *list)
{
	struct stat data;
	int fd;

	if (fstat(transfer->parameters.data_fd, &data) < 0)
		return false;
	if (data.st_size == 0)
		return true;
	fd = fcntl(transfer->parameters.data_fd, F_DUPFD_CLOEXEC, 0);
	return fd >= 0 && segment_add_file(list, fd, 0, (uint64_t)data.st_size);
}

static void file_list_ended(struct transfer *transfer)
{
	struct segment_list list = TAILQ_HEAD_INITIALIZER(list);
	struct request *request = transfer->request;
	bool whole;

	if (transfer->failed) {
		transfer_answer(transfer);
		return;
	}
	whole = file_list_take_answer(transfer, &list);
	request->data = NULL;
	transfer_free(transfer);
	if (whole)
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
	transfer->uses_file = true;
	transfer->parameters.length = request->server->config->server.frame_limit - ROOM;
	request->data = transfer;
	transfer_start(transfer, file_list_ended);
	return 0;
}

const struct request_handler file_list_request = {
	.type = WARDEN__MESSAGE__TYPE__FileList,
	.name = "file_list",
	.message = &warden__file_list_request__descriptor,
	.states = STATE_ACTIVE | STATE_STOPPED,
	.run = file_list_run,
	.cancel = transfer_request_cancel,
};
