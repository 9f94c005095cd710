/* SPDX-License-Identifier: Apache-2.0 */
/* The container's first process, from its creation to the exec of wshd: the set-up child's part
 * (init.c) and its own part (init_child.c). */
#ifndef BACKENDS_LINUX_CREATE_INIT_H
#define BACKENDS_LINUX_CREATE_INIT_H

#include "backends/linux/create/setup.h"

/* Creates the first process in its pid, network, IPC and UTS namespaces; it then waits. The set-up
 * child enters the network namespace, stays there and opens it. */
int init_start(struct setup *setup, struct warden_error *err);

/* Has the first process set sysctls of its user namespace, through a proc that is not attached yet.
 * */
int init_prepare(struct setup *setup, struct warden_error *err);

/* Has the first process copy the mounts into its own namespace and execute wshd; returns when wshd
 * runs. */
int init_execute(struct setup *setup, struct warden_error *err);

/* The messages between the set-up child, the helper and the first process. */
enum init_event {
	INIT_ALONE,   /* from the helper: it is in a new user namespace and waits for its maps */
	INIT_MAPPED,  /* to the helper: the maps are written */
	INIT_BORN,    /* from the helper: the first process exists */
	INIT_PREPARE, /* to the first process, with the descriptor of a proc */
	INIT_PREPARED,
	INIT_EXECUTE,
	INIT_FAILED, /* instead of any other answer */
};

struct init_message {
	enum init_event event;
	pid_t pid;                 /* INIT_BORN */
	struct warden_error error; /* INIT_FAILED */
};

/* The first process: never returns. */
void init_child_run(const struct setup *setup) __attribute__((noreturn));

/* Sends INIT_FAILED on `socket` and ends the process. */
void init_child_fail(int socket, const struct warden_error *err) __attribute__((noreturn));

#endif
