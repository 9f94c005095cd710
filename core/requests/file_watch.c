/* SPDX-License-Identifier: Apache-2.0 */
/* FileWatch: reports changes of a directory or a file as they happen. */
#include <config.h>

#include <stdlib.h>

#include "core/transfer/download.h"
#include "core/transfer/transfer_reports.h"
#include "core/wire/request.h"
#include "lib/varint.h"

/* FileWatchResponse's fields, and the size of all but the name. */
enum { FIELD_CHANGE = 1, FIELD_NAME = 2, HEAD_MAX = 32 };

static uint8_t *file_watch_encode_change(const struct change_record *change, const uint8_t *name,
					 size_t *size)
{
	uint8_t *bytes = malloc(HEAD_MAX + change->name_length);
	size_t n = 0;

	if (!bytes)
		return NULL;
	n = varint_put(bytes, FIELD_CHANGE << 3);
	n += varint_put(bytes + n, change->kind);
	if (change->name_length > 0) {
		n += varint_put(bytes + n, FIELD_NAME << 3 | 2);
		n += varint_put(bytes + n, change->name_length);
		memcpy(bytes + n, name, change->name_length);
		n += change->name_length;
	}
	*size = n;
	return bytes;
}

static ssize_t file_watch_encode(const uint8_t *data, size_t used, struct segment_list *payload)
{
	struct change_record change;
	uint8_t *bytes;
	size_t size = 0;

	if (used < sizeof(change))
		return 0;
	memcpy(&change, data, sizeof(change));
	if (used < sizeof(change) + change.name_length)
		return 0;
	bytes = file_watch_encode_change(&change, data + sizeof(change), &size);
	if (!segment_add_memory(payload, bytes, size))
		return -1;
	return (ssize_t)(sizeof(change) + change.name_length);
}

static void file_watch_end(struct request *request, const struct transfer *transfer)
{
	Warden__FileWatchResponse answer = WARDEN__FILE_WATCH_RESPONSE__INIT;

	answer.change = WARDEN__FILE_WATCH_RESPONSE__CHANGE__ENDED;
	if (transfer->failed && !transfer->container->destroy.started)
		request_fail(request, &transfer->err);
	else
		request_answer(request, &answer.base);
}

static const struct download_handler file_watch = {
	.encode = file_watch_encode,
	.end = file_watch_end,
};

static int file_watch_run(struct request *request, struct warden_error *err)
{
	const Warden__FileWatchRequest *asked = (const void *)request->message;
	struct transfer *transfer =
		transfer_new(request, WARDEN_FILE_WATCH, &asked->path, "path", NULL, NULL, err);

	if (!transfer)
		return -1;
	if (transfer_open_box(transfer, err) == 0 &&
	    download_begin(request, transfer, &file_watch, err) == 0)
		return 0;
	transfer_free(transfer);
	return -1;
}

const struct request_handler file_watch_request = {
	.type = WARDEN__MESSAGE__TYPE__FileWatch,
	.name = "file_watch",
	.message = &warden__file_watch_request__descriptor,
	.needs = ACCESS_FULL,
	.states = STATE_ACTIVE | STATE_STOPPED,
	.waits = true,
	.run = file_watch_run,
	.cancel = download_cancel,
	.written = download_written,
};
