/* SPDX-License-Identifier: Apache-2.0 */
/* Messages with descriptors between the daemon's workers, the spawner, its set-up children and a
 * container's first process, over SOCK_SEQPACKET. Both ends are this program, forked: a message is
 * a struct as it lies in memory. */
#ifndef LIB_FD_MESSAGE_H
#define LIB_FD_MESSAGE_H

#include <sys/types.h>

/* The most descriptors of one message. */
enum { MESSAGE_FDS = 4 };

/* A connected pair, close-on-exec. 0, or -1 and errno. */
int fd_message_pair(int pair[2]);

/* Sends `size` bytes and the descriptors, which stay the caller's. 0, or -1 and errno. */
int fd_message_send(int socket, const void *data, size_t size, const int *fds, size_t n_fds);

/* Waits for a message. Returns its size, 0 when the other end has closed, or -1 and errno; one that
 * is longer than `size` is EMSGSIZE. `fds` (n_fds of them; the caller's now) that did not come are
 * -1. */
ssize_t fd_message_receive(int socket, void *data, size_t size, int *fds, size_t n_fds);

#endif
