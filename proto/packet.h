/* SPDX-License-Identifier: Apache-2.0 */
/* Sends and receives the messages of wshd_protocol.h; used by wshd, wsh and the backends. */
#ifndef PROTO_PACKET_H
#define PROTO_PACKET_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/wshd_protocol.h"

/* A packet as it came. */
struct packet {
	union wshd_message message;
	size_t length;
	int fds[WSHD_SPAWN_FDS]; /* close-on-exec, the receiver's; -1: taken */
	size_t n_fds;
};

/* Sends `length` bytes with `n_fds` descriptors (at most WSHD_SPAWN_FDS), whole or not at all;
 * `flags` as in sendmsg(2). 0, or -1 and errno. */
int packet_send(int socket, const void *message, size_t length, const int *fds, size_t n_fds,
		int flags);

/* Receives one; `flags` as in recvmsg(2). 1: it came and has a header at least; 0: the other end
 * has closed; -1 and errno: nothing came, EPROTO where it was too short, too long or had too many
 * descriptors (they are closed). */
int packet_receive(int socket, struct packet *packet, int flags);

/* True where it has the length and number of descriptors that its type asks for. */
bool packet_fits(const struct packet *packet, size_t length, size_t n_fds);

/* Whether a job has this descriptor. */
static inline bool packet_spawn_has(const struct wshd_spawn *spawn, enum wshd_spawn_fd fd)
{
	return spawn->present & UINT32_C(1) << fd;
}

/* Puts the descriptors of a message to the places that enum wshd_spawn_fd tells, -1 for those that
 * are not there. False where `present` does not fit them, or lacks one of `required`. */
bool packet_place(struct packet *packet, uint32_t present, uint32_t required);

/* The other way: those of `all` (WSHD_SPAWN_FDS) that are there, one behind the other. Returns how
 * many. */
size_t packet_gather_fds(const int *all, int *fds, uint32_t *present);

/* Takes descriptor `i` over. */
int packet_take(struct packet *packet, size_t i);

/* Closes the descriptors that nobody took. */
void packet_close(struct packet *packet);

#endif
