/* SPDX-License-Identifier: Apache-2.0 */
/* Sends a range of a file to a client's socket by sendfile(2), on a worker, since the file may have
 * to be read from the disk. The range ends up in the socket without a copy where the kernel can. */
#ifndef CORE_WIRE_FILE_SENDER_H
#define CORE_WIRE_FILE_SENDER_H

#include "core/workers.h"

struct file_sender {
	struct work work;
	void *data; /* of the owner */
	struct workers *workers;
	int socket_fd, file_fd;
	uint64_t offset, left; /* next byte to send, bytes still to send */
	uint64_t sent;         /* bytes of this run */
	int number; /* why the run ended: 0: `left` is 0, or others have their turn; EAGAIN:
		       the socket is full; ENODATA: end of file; or another errno */
};

/* Starts a run. `done`, on the loop thread, gets the sender as the work's data. Until then both
 * descriptors must stay open. */
void file_sender_start(struct file_sender *sender, void (*done)(struct work *work));

/* Reads `size` bytes, all or none, if that needs no wait for the disk. Any thread. */
bool file_sender_read_now(int file_fd, uint64_t offset, void *bytes, size_t size);

#endif
