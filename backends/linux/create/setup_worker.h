/* SPDX-License-Identifier: Apache-2.0 */
/* The worker's side of the set-up protocol (setup.h); the set-up child's side is in setup_child.c.
 * */
#ifndef BACKENDS_LINUX_CREATE_SETUP_WORKER_H
#define BACKENDS_LINUX_CREATE_SETUP_WORKER_H

#include "backends/linux/run/linux_container.h"

struct setup_worker {
	int socket; /* if it is closed the set-up child exits, which removes what it made */
	int netns_fd, rtnl_fd; /* the container's network namespace and an rtnetlink socket in it */
};

/* Requests the container's set-up. */
int setup_worker_begin(struct setup_worker *start, const struct linux_container *container,
		       const struct warden_create *create, struct warden_error *err);

/* Waits until the first process exists and stores it in `container`. */
int setup_worker_await_init(struct setup_worker *start, struct linux_container *container,
			    struct warden_error *err);

/* Waits until all is mounted; runs the hooks meanwhile. */
int setup_worker_await_mounts(struct setup_worker *start, const struct linux_container *container,
			      const struct warden_create *create, struct warden_error *err);

/* Has the first process execute wshd and waits until it does. */
int setup_worker_execute(struct setup_worker *start, const struct linux_container *container,
			 struct warden_error *err);

/* If the set-up child has already failed, replaces `err` with its error, which is the cause. */
void setup_worker_explain(const struct setup_worker *start, struct warden_error *err);

/* Cancels the set-up. Returns when the set-up child has ended, and with it a first process that has
 * not executed wshd. */
void setup_worker_abandon(struct setup_worker *start);

/* Closes the descriptors; may be called twice. */
void setup_worker_close(struct setup_worker *start);

#endif
