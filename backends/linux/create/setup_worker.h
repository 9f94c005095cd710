/* SPDX-License-Identifier: Apache-2.0 */
/* A worker's end of the conversation with a set-up child; the other one is in setup_child.c. */
#ifndef BACKENDS_LINUX_CREATE_SETUP_WORKER_H
#define BACKENDS_LINUX_CREATE_SETUP_WORKER_H

#include "backends/linux/run/linux_container.h"

struct setup_worker {
	int socket; /* closed: the set-up child gives up, and what it has made goes with it */
	int netns_fd, rtnl_fd; /* the container's network namespace, a socket from in there */
};

/* Asks for the container's set-up. */
int setup_worker_begin(struct setup_worker *start, const struct linux_container *container,
		       const struct warden_create *create, struct warden_error *err);

/* Waits until the first process is there; it becomes the container's. */
int setup_worker_await_init(struct setup_worker *start, struct linux_container *container,
			    struct warden_error *err);

/* Waits until all is mounted; runs the hooks that come meanwhile. */
int setup_worker_await_mounts(struct setup_worker *start, const struct linux_container *container,
			      const struct warden_create *create, struct warden_error *err);

/* Lets the first process execute wshd and waits until it does. */
int setup_worker_execute(struct setup_worker *start, const struct linux_container *container,
			 struct warden_error *err);

/* Where the set-up child has failed already, puts its reason in the place of what followed from
 * that. */
void setup_worker_explain(const struct setup_worker *start, struct warden_error *err);

/* Gives up: returns when the set-up child has ended, and with it a first process that did not
 * execute wshd yet. */
void setup_worker_abandon(struct setup_worker *start);

/* Lets go of what is held; allowed twice. */
void setup_worker_close(struct setup_worker *start);

#endif
