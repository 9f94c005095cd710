/* SPDX-License-Identifier: Apache-2.0 */
/* Sends a range of a file to a client's socket; see file_sender.h. */
#include <config.h>

#include "core/wire/file_sender.h"

#include <poll.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

enum {
	TURN = 16 << 20, /* bytes of a run, so that other clients have their turn */
	CALL = 1 << 20,  /* bytes of a call, after which others are looked for */
	STAY_MS = 2,     /* wait for a client that reads, which saves turns of the loop */
};

/* The client reads, and no other one waits for this thread. */
static bool file_sender_can_go_on(const struct file_sender *sender)
{
	struct pollfd state = {.fd = sender->socket_fd, .events = POLLOUT};

	return sender->sent > 0 && !workers_are_wanted(sender->workers) &&
	       poll(&state, 1, STAY_MS) == 1;
}

/* One call. False: the run ends. */
static bool file_sender_send(struct file_sender *sender)
{
	off_t offset = (off_t)sender->offset;
	ssize_t n = sendfile(sender->socket_fd, sender->file_fd, &offset,
			     sender->left < CALL ? (size_t)sender->left : CALL);

	if (n > 0) {
		sender->offset += (uint64_t)n;
		sender->left -= (uint64_t)n;
		sender->sent += (uint64_t)n;
		return sender->left > 0 && sender->sent < TURN &&
		       !workers_are_wanted(sender->workers);
	}
	if (n < 0 && errno == EINTR)
		return true;
	if (n < 0 && errno == EAGAIN && file_sender_can_go_on(sender))
		return true;
	sender->number = n == 0 ? ENODATA : errno;
	return false;
}

static void file_sender_run(struct work *work)
{
	struct file_sender *sender = work->data;

	while (file_sender_send(sender))
		;
}

void file_sender_start(struct file_sender *sender, void (*done)(struct work *work))
{
	sender->sent = 0;
	sender->number = 0;
	sender->work = (struct work){.data = sender, .run = file_sender_run, .done = done};
	workers_queue(sender->workers, &sender->work);
}

bool file_sender_read_now(int file_fd, uint64_t offset, void *bytes, size_t size)
{
	struct iovec part = {.iov_base = bytes, .iov_len = size};

	return preadv2(file_fd, &part, 1, (off_t)offset, RWF_NOWAIT) == (ssize_t)size;
}
