/* SPDX-License-Identifier: Apache-2.0 */
/* Messages with descriptors over SOCK_SEQPACKET, between the daemon's workers, the spawner, its
 * set-up children and a container's first process. Both ends are the same program after a fork, so
 * a message is a struct as it lies in memory. */
#ifndef LIB_FD_MESSAGE_H
#define LIB_FD_MESSAGE_H

#include <sys/types.h>

/* The maximum number of descriptors in a message. */
enum { MESSAGE_FDS = 4 };

/* Makes a connected pair of sockets, close-on-exec. Returns 0, or -1 and errno. */
int fd_message_pair(int pair[2]);

/* Sends `size` bytes and the descriptors, which stay the caller's. Returns 0, or -1 and errno. */
int fd_message_send(int socket, const void *data, size_t size, const int *fds, size_t n_fds);

/* Waits for a message. Returns its size, 0 if the other end has closed, or -1 and errno (EMSGSIZE
 * if it is longer than `size`; EMFILE or ENFILE if a descriptor could not be received; none is left
 * open). Stores received descriptors in `fds`, up to n_fds, which the caller then owns; unused
 * elements are -1.
 */
ssize_t fd_message_receive(int socket, void *data, size_t size, int *fds, size_t n_fds);

#endif
