/* SPDX-License-Identifier: Apache-2.0 */
/* FileRead: a part of a file as the container's root reads it. The backend first copies it to a
 * file of the daemon, because reading a container's file could block the daemon. */
#include <config.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/transfer/transfer.h"
#include "core/wire/request.h"
#include "lib/cleanup.h"
#include "lib/varint.h"

/* Reserved for the frame and the fields around the data, bytes. */
enum { ROOM = 128 };

/* FileReadResponse's fields. */
enum { FIELD_DATA = 1, FIELD_SIZE = 2 };

static bool file_read_add_data(struct segment_list *list, int fd, uint64_t length)
{
	uint8_t *head = malloc(ROOM);
	size_t n = 0;
	int copy;

	if (head) {
		n = varint_put(head, FIELD_DATA << 3 | 2);
		n += varint_put(head + n, length);
	}
	if (!segment_add_memory(list, head, n))
		return false;
	if (length == 0)
		return true;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return copy >= 0 && segment_add_file(list, copy, 0, length);
}

static bool file_read_add_size(struct segment_list *list, uint64_t size)
{
	uint8_t *field = malloc(ROOM);
	size_t n = 0;

	if (field) {
		n = varint_put(field, FIELD_SIZE << 3);
		n += varint_put(field + n, size);
	}
	return segment_add_memory(list, field, n);
}

static void file_read_ended(struct transfer *transfer)
{
	struct segment_list list = TAILQ_HEAD_INITIALIZER(list);
	struct request *request = transfer->request;
	struct stat data;
	bool whole;

	if (transfer->failed) {
		transfer_answer(transfer);
		return;
	}
	whole = fstat(transfer->parameters.data_fd, &data) == 0 &&
		file_read_add_data(&list, transfer->parameters.data_fd, (uint64_t)data.st_size) &&
		file_read_add_size(&list, transfer->end.file_bytes);
	request->data = NULL;
	transfer_free(transfer);
	if (whole) {
		request_answer_segments(request, &list);
	} else {
		segments_free(&list);
		request_fail_text(request, "no memory for the answer");
	}
}

static int file_read_run(struct request *request, struct warden_error *err)
{
	const Warden__FileReadRequest *asked = (const void *)request->message;
	uint64_t limit = request->server->config->server.frame_limit - ROOM;
	struct transfer *transfer =
		transfer_new(request, WARDEN_FILE_READ, &asked->path, "path", NULL, NULL, err);

	if (!transfer)
		return -1;
	transfer->uses_file = true;
	transfer->parameters.offset = asked->offset;
	transfer->parameters.length =
		asked->has_length && asked->length < limit ? asked->length : limit;
	request->data = transfer;
	transfer_start(transfer, file_read_ended);
	return 0;
}

const struct request_handler file_read_request = {
	.type = WARDEN__MESSAGE__TYPE__FileRead,
	.name = "file_read",
	.message = &warden__file_read_request__descriptor,
	.needs = ACCESS_FULL,
	.audited = true,
	.states = STATE_ACTIVE | STATE_STOPPED,
	.run = file_read_run,
	.cancel = transfer_request_cancel,
};
