/* SPDX-License-Identifier: Apache-2.0 */
/* A worker's end of the conversation with a set-up child; the other one is in setup_child.c. */
#ifndef BACKENDS_LINUX_CREATE_SETUP_WORKER_H
#define BACKENDS_LINUX_CREATE_SETUP_WORKER_H

#include "backends/linux/run/linux_container.h"

struct start {
	int socket; /* closed: the set-up child gives up, and what it has made goes with it */
	int netns_fd, rtnl_fd; /* the container's network namespace, a socket from in there */
};

/* Asks for the container's set-up. */
int start_begin(struct start *start, const struct container *container,
		const struct warden_create *create, struct warden_error *err);

/* Waits until the first process is there; it becomes the container's. */
int start_await_init(struct start *start, struct container *container, struct warden_error *err);

/* Waits until all is mounted; runs the hooks that come meanwhile. */
int start_await_mounts(struct start *start, const struct container *container,
		       const struct warden_create *create, struct warden_error *err);

/* Lets the first process execute wshd and waits until it does. */
int start_execute(struct start *start, const struct container *container, struct warden_error *err);

/* Where the set-up child has failed already, puts its reason in the place of what followed from
 * that. */
void start_explain(const struct start *start, struct warden_error *err);

/* Gives up: returns when the set-up child has ended, and with it a first process that did not
 * execute wshd yet. */
void start_abandon(struct start *start);

/* Lets go of what is held; allowed twice. */
void start_end(struct start *start);

#endif
