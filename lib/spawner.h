/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A spawner: a small process with a single thread, forked before its parent has any other, that
 * forks a child for each request. A child of a process with threads could call little more than
 * execve(2), and would have a copy of everything that the daemon holds.
 *
 * The spawner has its own session, no signal blocked, standard streams on /dev/null, and no other
 * descriptor of the parent but the socket and `keep_fd`. It ends when its parent does.
 */
#ifndef LIB_SPAWNER_H
#define LIB_SPAWNER_H

#include <sys/types.h>

#include "warden/error.h"

/* The work of a spawner and its children. */
struct spawner_work {
	int keep_fd; /* stays open in the spawner and its children, under this number; -1: none */
	/* Prepares the spawner before its first request; -1 ends it. NULL: nothing to prepare. */
	int (*prepare)(const void *data);
	/* The whole of a child; never returns. `kind` is the request's. The descriptors are the
	 * child's: its end of the connection to who asked, the directory, and another or -1. */
	void (*run)(const void *data, int kind, int socket, int directory_fd, int extra_fd);
	const void *data; /* seen as it is when the spawner is started */
};

struct spawner {
	pid_t pid;  /* an unreaped child of its parent: the number is no other process's */
	int socket; /* close-on-exec */
};

/* Starts a spawner. The caller must have a single thread. Returns 0, or -1 and `err`. */
int spawner_start(struct spawner *spawner, const struct spawner_work *work,
		  struct warden_error *err);

/* Asks for a child. The descriptors stay the caller's; extra_fd may be -1. Returns the caller's end
 * of a SOCK_SEQPACKET connection to the child, close-on-exec, or -1 and `err`. If the child cannot
 * be forked the connection is closed at its other end. Any thread may call it. */
int spawner_request(const struct spawner *spawner, int kind, int directory_fd, int extra_fd,
		    struct warden_error *err);

/* Ends the spawner and reaps it; its children live on. */
void spawner_stop(const struct spawner *spawner);

#endif
