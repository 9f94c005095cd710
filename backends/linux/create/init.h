/* SPDX-License-Identifier: Apache-2.0 */
/* The container's first process, from its birth to the exec of wshd: what the set-up child does
 * about it (init.c), and what it does itself (init_child.c). */
#ifndef BACKENDS_LINUX_CREATE_INIT_H
#define BACKENDS_LINUX_CREATE_INIT_H

#include "backends/linux/create/setup.h"

/* Makes the first process, which waits, in all its namespaces but that of mounts; opens its
 * network namespace, in which the set-up child stays. */
int init_start(struct setup *setup, struct warden_error *err);

/* Lets it make settings of its user namespace, through a proc that is nowhere attached yet. */
int init_prepare(struct setup *setup, struct warden_error *err);

/* Lets it take its own copy of the mounts and execute wshd; returns when wshd runs. */
int init_execute(struct setup *setup, struct warden_error *err);

/* What the set-up child and the first process tell each other. */
enum init_event {
	INIT_ALONE,   /* from a helper: it is in a new user namespace and waits for its maps */
	INIT_MAPPED,  /* to it */
	INIT_BORN,    /* from it: the first process is there */
	INIT_PREPARE, /* to the first process, with a proc */
	INIT_PREPARED,
	INIT_EXECUTE,
	INIT_FAILED, /* instead of any answer */
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
