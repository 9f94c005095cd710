/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's end of transfers; see file_transfer.h. */
#include "backends/files/file_transfer.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/fd_message.h"

struct file_transfer {
	struct file_transfer *next;
	struct file_transfers *all;
	uint64_t id;
	int socket;
	struct watch *watch;
};

/* Copies a path, with `before` in front of a relative one. */
static int file_transfer_put_path(char *to, size_t size, const char *before, const char *path,
				  struct warden_error *err)
{
	int length = snprintf(to, size, "%s%s", *path == '/' ? "" : before, path);

	if (length >= 0 && (size_t)length < size)
		return 0;
	errno = ENAMETOOLONG;
	return warden_error_errno(err, "use path %.64s...", path);
}

int file_transfer_fill(struct file_transfer_request *request,
		       const struct warden_transfer *transfer, const char *home,
		       struct warden_error *err)
{
	request->kind = transfer->kind;
	request->offset = transfer->offset;
	request->length = transfer->length;
	request->mode = transfer->mode;
	request->recursive = transfer->recursive;
	request->report_progress = transfer->report_progress;
	request->keep_modes = transfer->keep_modes;
	if (file_transfer_put_path(request->path, sizeof(request->path), home, transfer->path,
				   err) < 0)
		return -1;
	if (!transfer->host_path)
		return 0;
	return file_transfer_put_path(request->host_path, sizeof(request->host_path), "",
				      transfer->host_path, err);
}

void file_transfers_init(struct file_transfers *transfers, const struct warden_host *host,
			 struct watcher *watcher, const char *id)
{
	*transfers = (struct file_transfers){.host = host, .watcher = watcher, .id = id};
	pthread_mutex_init(&transfers->mutex, NULL);
	pthread_cond_init(&transfers->changed, NULL);
}

void file_transfers_free(struct file_transfers *transfers)
{
	struct file_transfer *transfer;

	while ((transfer = transfers->first)) {
		transfers->first = transfer->next;
		close(transfer->socket);
		free(transfer);
	}
	pthread_cond_destroy(&transfers->changed);
	pthread_mutex_destroy(&transfers->mutex);
}

/* Ends a transfer whose process has answered or died. The transfer leaves the list after its end
 * was reported, so an empty list means that all ends were reported. */
static void file_transfer_finish(struct file_transfer *transfer,
				 const struct warden_transfer_end *end)
{
	struct file_transfers *all = transfer->all;
	struct file_transfer **link = &all->first;
	void (*ended)(void *data) = NULL;
	void *data;

	all->host->transfer_ended(all->host, all->id, transfer->id, end);
	pthread_mutex_lock(&all->mutex);
	while (*link != transfer)
		link = &(*link)->next;
	*link = transfer->next;
	watch_remove(transfer->watch);
	close(transfer->socket);
	free(transfer);
	if (!all->first)
		ended = all->ended;
	data = all->data;
	pthread_cond_broadcast(&all->changed);
	pthread_mutex_unlock(&all->mutex);
	if (ended)
		ended(data);
}

/* A message of the process. */
union file_transfer_message {
	enum transfer_event event;
	struct file_transfer_reply reply;
	struct file_transfer_report report;
};

static bool file_transfer_is_report(enum transfer_event event)
{
	return event == TRANSFER_ENTRY || event == TRANSFER_CHANGE || event == TRANSFER_PROGRESS;
}

/* Whether a message of `size` bytes is whole. */
static bool file_transfer_is_whole(const union file_transfer_message *message, ssize_t size)
{
	if (size < (ssize_t)sizeof(message->event))
		return false;
	if (file_transfer_is_report(message->event))
		return size >= (ssize_t)offsetof(struct file_transfer_report, text);
	return size == sizeof(message->reply);
}

/* Passes an entry, a change or progress to the host. */
static void file_transfer_pass_report(const struct file_transfer *transfer,
				      struct file_transfer_report *report)
{
	const struct warden_host *host = transfer->all->host;
	const char *id = transfer->all->id, *name = report->has_name ? report->text : NULL;

	if (report->event == TRANSFER_ENTRY) {
		report->entry.name = report->text;
		report->entry.target =
			report->has_target ? report->text + strlen(report->text) + 1 : NULL;
		host->file_entry(host, id, transfer->id, &report->entry);
	} else if (report->event == TRANSFER_CHANGE) {
		report->change.name = name;
		host->file_change(host, id, transfer->id, &report->change);
	} else {
		host->copy_progress(host, id, transfer->id, &report->progress);
	}
}

/* Receives a message, on the watcher's thread. */
static void file_transfer_on_message(void *data, uint32_t events)
{
	struct file_transfer *transfer = data;
	const struct file_transfers *all = transfer->all;
	struct warden_transfer_end end = {.size = sizeof(end)};
	union file_transfer_message message;
	ssize_t size = fd_message_receive(transfer->socket, &message, sizeof(message), NULL, 0);

	(void)events;
	if (!file_transfer_is_whole(&message, size)) {
		end.error = "the process that moves the files was killed";
		file_transfer_finish(transfer, &end);
		return;
	}
	if (file_transfer_is_report(message.event)) {
		file_transfer_pass_report(transfer, &message.report);
		return;
	}
	if (message.event == TRANSFER_NOTE) {
		all->host->log(all->host, WARDEN_LOG_INFO, all->id, "%s",
			       message.reply.error.message);
		return;
	}
	end.file_bytes = message.reply.size;
	end.skipped = message.reply.skipped;
	end.vanished = message.reply.vanished;
	if (message.event == TRANSFER_FAILED)
		end.error = message.reply.error.message;
	file_transfer_finish(transfer, &end);
}

/* Called with the list's mutex held: a callback that comes at once must find the watch. */
static int file_transfer_begin(struct file_transfer *transfer,
			       const struct file_transfer_request *request,
			       struct warden_error *err)
{
	struct file_transfers *all = transfer->all;

	if (all->ended)
		return warden_error_set(err, "the container is being destroyed");
	if (fd_message_send(transfer->socket, request, sizeof(*request), NULL, 0) < 0)
		return warden_error_errno(err, "reach the process that moves the files");
	transfer->watch = watcher_add(all->watcher, transfer->socket, EPOLLIN,
				      file_transfer_on_message, transfer, err);
	if (!transfer->watch)
		return -1;
	transfer->next = all->first;
	all->first = transfer;
	return 0;
}

int file_transfers_add(struct file_transfers *transfers, uint64_t transfer_id, int socket,
		       const struct file_transfer_request *request, struct warden_error *err)
{
	struct file_transfer *transfer = malloc(sizeof(*transfer));
	int result;

	if (!transfer) {
		close(socket);
		return warden_error_errno(err, "begin a transfer");
	}
	*transfer = (struct file_transfer){.all = transfers, .id = transfer_id, .socket = socket};
	pthread_mutex_lock(&transfers->mutex);
	result = file_transfer_begin(transfer, request, err);
	pthread_mutex_unlock(&transfers->mutex);
	if (result < 0) {
		close(socket);
		free(transfer);
	}
	return result;
}

/* The process receives SIGIO; its answer is still received. */
static void file_transfer_cancel(const struct file_transfer *transfer)
{
	shutdown(transfer->socket, SHUT_WR); /* ENOTCONN: it has ended */
}

void file_transfers_cancel(struct file_transfers *transfers, uint64_t transfer_id)
{
	pthread_mutex_t *locked _cleanup_unlock_ = &transfers->mutex;

	pthread_mutex_lock(locked);
	for (const struct file_transfer *at = transfers->first; at; at = at->next)
		if (at->id == transfer_id)
			file_transfer_cancel(at);
}

void file_transfers_end(struct file_transfers *transfers, void (*ended)(void *data), void *data)
{
	bool none;

	pthread_mutex_lock(&transfers->mutex);
	transfers->ended = ended;
	transfers->data = data;
	none = !transfers->first;
	for (const struct file_transfer *at = transfers->first; at; at = at->next)
		file_transfer_cancel(at);
	pthread_mutex_unlock(&transfers->mutex);
	if (none)
		ended(data);
}

static void file_transfers_ignore_end(void *data)
{
	(void)data;
}

void file_transfers_wait(struct file_transfers *transfers)
{
	file_transfers_end(transfers, file_transfers_ignore_end, NULL);
	pthread_mutex_lock(&transfers->mutex);
	while (transfers->first)
		pthread_cond_wait(&transfers->changed, &transfers->mutex);
	pthread_mutex_unlock(&transfers->mutex);
}
