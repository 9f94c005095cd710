/* SPDX-License-Identifier: Apache-2.0 */
/* The processes of a container, told apart from its own (init and keepers), and signalled without
 * ever hitting one that has taken a number over. */
#ifndef BACKENDS_LINUX_RUN_CONTAINER_PROCESSES_H
#define BACKENDS_LINUX_RUN_CONTAINER_PROCESSES_H

#include <sys/types.h>

#include "warden/backend.h"

struct linux_container;

/* How many of them can be waited for at a time. */
enum { PROCESSES_MAX = 64 };

/* What was found: descriptors (pidfd) of up to PROCESSES_MAX processes, closed by
 * container_processes_close. */
struct container_processes {
	int fds[PROCESSES_MAX];
	size_t n;
	bool seen; /* there was one, although it may have ended since, leaving others */
};

/* A file that is executed. */
struct program_identity {
	dev_t device;
	ino_t inode; /* 0: not known */
};

/* Finds the processes that are not the container's own, and sends each of them `signal` unless that
 * is 0. */
int container_processes_signal(const struct linux_container *container, int signal,
			       struct container_processes *found, struct warden_error *err);

/* Kills whatever is in the container's groups, its own too. */
void container_processes_kill_all(const struct linux_container *container);

void container_processes_close(struct container_processes *processes);

/* Whose program the container's own processes execute. */
int container_processes_program(pid_t pid, struct program_identity *program);

#endif
