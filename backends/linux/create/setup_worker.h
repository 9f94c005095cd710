/* SPDX-License-Identifier: Apache-2.0 */
/* The worker's side of a container's set-up; the other side is in setup_child.c, the messages are
 * in setup.h. The functions are called by the thread that runs the create. */
#ifndef BACKENDS_LINUX_CREATE_SETUP_WORKER_H
#define BACKENDS_LINUX_CREATE_SETUP_WORKER_H

#include "backends/linux/run/linux_container.h"

/* -1: not open. */
struct setup_worker {
	int socket;            /* closing it makes the set-up child give up and exit */
	int netns_fd, rtnl_fd; /* the container's network namespace; a netlink socket in it */
	int child_pidfd;
};

/* Starts a set-up child and sends it the request. */
int setup_worker_begin(struct setup_worker *start, const struct linux_container *container,
		       const struct warden_create *create, struct warden_error *err);

/* Waits until the first process exists; stores its pid and pidfd in the container. */
int setup_worker_await_init(struct setup_worker *start, struct linux_container *container,
			    struct warden_error *err);

/* Waits until all is mounted; runs the hooks that are due meanwhile. */
int setup_worker_await_mounts(struct setup_worker *start, struct linux_container *container,
			      const struct warden_create *create, struct warden_error *err);

/* Lets the first process execute wshd and waits until it does. */
int setup_worker_execute(struct setup_worker *start, const struct linux_container *container,
			 struct warden_error *err);

/* Replaces `err` by the error of the set-up child if that has already failed: it is the cause. */
void setup_worker_explain(const struct setup_worker *start, struct warden_error *err);

/* Kills the set-up child, and with it a first process that has not executed wshd yet. Closes
 * `start`. Returns false if the child has not ended within a few seconds. */
bool setup_worker_abandon(struct setup_worker *start);

/* Closes all descriptors. May be called again. */
void setup_worker_close(struct setup_worker *start);

#endif
