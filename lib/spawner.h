/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A spawner: a small process with a single thread that forks a child for each request. A child of a
 * process with threads could call little more than execve(2), and would have a copy of everything
 * that the daemon holds.
 *
 * Its parent, the zygote, is forked before the daemon has any thread and does nothing but fork
 * spawners: one at the start, and another when a request finds that the last one has ended. Without
 * the zygote the spawner goes on; without both, requests fail.
 *
 * Both have their own session, no signal blocked, standard streams on /dev/null, and no other
 * descriptor of the daemon but their socket and `keep_fd`. They end when the daemon does.
 */
#ifndef LIB_SPAWNER_H
#define LIB_SPAWNER_H

#include <pthread.h>
#include <sys/types.h>

#include "warden/error.h"

/* The work of a spawner and its children. */
struct spawner_work {
	int keep_fd; /* stays open in the spawner and its children, under this number; -1: none */
	/* Prepares the zygote, and each spawner before its first request; -1 and errno end it.
	 * NULL: nothing to prepare. */
	int (*prepare)(const void *data);
	/* The whole of a child; never returns. `kind` is the request's. The descriptors are the
	 * child's: its end of the connection to who asked, the directory, and another or -1. */
	void (*run)(const void *data, int kind, int socket, int directory_fd, int extra_fd);
	const void *data; /* seen as it is when the spawner is started */
};

struct spawner {
	pid_t zygote; /* an unreaped child: the number is no other process's */
	int zygote_socket;
	/* Called when a spawner was started instead of one that has ended, on the thread of the
	 * request; set after spawner_start. NULL: nobody needs to know. */
	void (*restarted)(void *data, pid_t ended, pid_t pid);
	void *data;

	pthread_mutex_t mutex; /* protects the members below */
	pid_t pid;
	int socket, pidfd; /* close-on-exec */
};

/* Starts zygote and spawner. The caller must have a single thread. Returns 0, or -1 and `err`. */
int spawner_start(struct spawner *spawner, const struct spawner_work *work,
		  struct warden_error *err);

/* Asks for a child. The descriptors stay the caller's; extra_fd may be -1. Returns the caller's end
 * of a SOCK_SEQPACKET connection to the child, close-on-exec, or -1 and `err`. If the child cannot
 * be forked, or the spawner is killed before it reads the request, the connection is closed at its
 * other end. Any thread may call it. */
int spawner_request(struct spawner *spawner, int kind, int directory_fd, int extra_fd,
		    struct warden_error *err);

/* Ends zygote and spawner; the children live on. */
void spawner_stop(struct spawner *spawner);

#endif
