/* SPDX-License-Identifier: Apache-2.0 */
/* A Unix stream socket. Every wait has a deadline and can be ended through a descriptor. */
#ifndef CLIENT_LIB_CLIENT_SOCKET_H
#define CLIENT_LIB_CLIENT_SOCKET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct socket_wait {
	int timeout; /* milliseconds; -1: no limit */
	int wake_fd; /* the caller's; -1: none */
	/* An eventfd: a wait that finds it readable resets it and fails with SOCKET_CANCELLED. */
	int cancel_fd;
};

/* Why a call returned -1; SOCKET_ERRNO: see errno. */
enum socket_failure {
	SOCKET_ERRNO,
	SOCKET_TIMEOUT,
	SOCKET_WOKEN,
	SOCKET_CANCELLED,
};

/* Connects. Returns a descriptor, non-blocking and close-on-exec, or -1. The path may have any
 * length. */
int client_socket_connect(const char *path, const struct socket_wait *wait,
			  enum socket_failure *failure);

/* Sends the whole vector and modifies it. Returns 0 or -1. */
int client_socket_send(int fd, struct iovec *vector, int count, const struct socket_wait *wait,
		       enum socket_failure *failure);

/* Waits so many milliseconds, whatever `wait` says. Returns 0, or -1 if it was woken or
 * cancelled. */
int client_socket_pause(int milliseconds, const struct socket_wait *wait,
			enum socket_failure *failure);

/* Milliseconds of the monotonic clock. */
int64_t client_socket_now_ms(void);

/* Receives at least one byte. Returns how many, 0 at the end of the stream, or -1. */
ssize_t client_socket_receive(int fd, void *buffer, size_t size, const struct socket_wait *wait,
			      enum socket_failure *failure);

#endif
