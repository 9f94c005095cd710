/* SPDX-License-Identifier: Apache-2.0 */
/* The container's first process, from its fork to the exec of wshd: the part of the set-up child
 * (init.c) and that of the process itself (init_child.c). */
#ifndef BACKENDS_LINUX_CREATE_INIT_H
#define BACKENDS_LINUX_CREATE_INIT_H

#include "backends/linux/create/setup.h"

/* Forks the first process into all its namespaces except mount and cgroup; it then waits for
 * messages. The set-up child enters the new network namespace and stays there. */
int init_start(struct setup *setup, struct warden_error *err);

/* Configures the network namespace through a proc mount that is not attached yet. Before the worker
 * makes links in it. */
int init_configure_network(struct setup *setup, struct warden_error *err);

/* Lets the first process set the sysctls of its user namespace, through the same mount. */
int init_prepare(struct setup *setup, struct warden_error *err);

/* Lets the first process make its own mount namespace and execute wshd; returns when wshd runs. */
int init_execute(struct setup *setup, struct warden_error *err);

/* Messages between the set-up child and the first process. */
enum init_event {
	INIT_PREPARE,  /* to the first process, with the proc mount */
	INIT_PREPARED, /* from the first process */
	INIT_EXECUTE,  /* to the first process, with its oom_score_adj: execute wshd */
	INIT_FAILED,   /* instead of any reply */
};

struct init_message {
	enum init_event event;
	struct warden_error error; /* INIT_FAILED */
};

/* The main function of the first process until its exec; never returns. */
void init_child_run(const struct setup *setup) __attribute__((noreturn));

/* Sends INIT_FAILED on `socket` and exits. */
void init_child_fail(int socket, const struct warden_error *err) __attribute__((noreturn));

#endif
