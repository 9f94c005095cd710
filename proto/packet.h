/* SPDX-License-Identifier: Apache-2.0 */
/* Sends and receives the messages of wshd_protocol.h; used by wshd, wsh and the backends. */
#ifndef PROTO_PACKET_H
#define PROTO_PACKET_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/wshd_protocol.h"

/* A received packet. */
struct packet {
	union wshd_message message;
	size_t length;
	int fds[WSHD_SPAWN_FDS]; /* close-on-exec, owned by the receiver; -1: taken */
	size_t n_fds;
};

/* Sends `length` bytes with `n_fds` descriptors (at most WSHD_SPAWN_FDS), whole or not at all;
 * `flags` as in sendmsg(2). Returns 0, or -1 and errno. */
int packet_send(int socket, const void *message, size_t length, const int *fds, size_t n_fds,
		int flags);

/* Receives a packet; `flags` as in recvmsg(2). Returns 1 if it has at least a header; 0 if the
 * other end has closed; -1 and errno on failure: EPROTO if the packet is too short, too long or has
 * too many descriptors (they are closed); EMFILE if this process has no room for its descriptors:
 * they are lost, `message` and `length` are valid. */
int packet_receive(int socket, struct packet *packet, int flags);

/* What becomes of descriptors from a peer that may be hostile. A close of one can wait for ever:
 * its file may be of a FUSE server that has fallen silent. */
enum packet_descriptors {
	PACKET_CLOSES,  /* as packet_receive */
	PACKET_KEEPS,   /* with EPROTO and EMFILE the packet has those that came, for the caller to
			 * close */
	PACKET_REFUSES, /* EPROTO if there are any: the kernel drops them, which waits for nothing
			 */
};

int packet_receive_as(int socket, struct packet *packet, int flags, enum packet_descriptors what);

/* Whether a later packet_receive may succeed: the packet is still there, if any is. */
bool packet_is_temporary(int number);

/* Whether a packet has the length and number of descriptors that its type requires. */
bool packet_fits(const struct packet *packet, size_t length, size_t n_fds);

/* Whether a job has this descriptor. */
static inline bool packet_spawn_has(const struct wshd_spawn *spawn, enum wshd_spawn_fd fd)
{
	return spawn->present & UINT32_C(1) << fd;
}

/* Moves the descriptors of a message to their places in enum wshd_spawn_fd; missing ones are -1.
 * False if `present` does not match them, or lacks one of `required`. */
bool packet_place(struct packet *packet, uint32_t present, uint32_t required);

/* The reverse: copies the descriptors of `all` (WSHD_SPAWN_FDS, -1: missing) to `fds` without gaps
 * and sets `*present`. Returns how many. */
size_t packet_gather_fds(const int *all, int *fds, uint32_t *present);

/* Returns descriptor `i`, which the caller owns from now on. */
int packet_take(struct packet *packet, size_t i);

/* Closes the descriptors that were not taken. */
void packet_close(struct packet *packet);

#endif
