/* SPDX-License-Identifier: Apache-2.0 */
/* Finds and signals the processes of a container except Warden's own (init and keepers).
 * Descriptors (pidfd) prevent a signal to a process that reuses a pid. */
#ifndef BACKENDS_LINUX_RUN_CONTAINER_PROCESSES_H
#define BACKENDS_LINUX_RUN_CONTAINER_PROCESSES_H

#include <sys/types.h>

#include "warden/backend.h"

struct linux_container;

/* Processes that can be waited for at a time. */
enum { PROCESSES_MAX = 64 };

/* Descriptors (pidfd) of up to PROCESSES_MAX processes; container_processes_close closes them. */
struct container_processes {
	int fds[PROCESSES_MAX];
	size_t n;
	bool seen; /* a process was found; it may have ended since and left children */
};

/* The file that a process executes. */
struct program_identity {
	dev_t device;
	ino_t inode; /* 0: not known */
};

/* Finds the processes except init and keepers, and sends them `signal` unless it is 0. */
int container_processes_signal(const struct linux_container *container, int signal,
			       struct container_processes *found, struct warden_error *err);

/* Kills every process in the container's groups, init and keepers too. */
void container_processes_kill_all(const struct linux_container *container);

void container_processes_close(struct container_processes *processes);

/* Reads the program of a process. Returns 0, or -1 and errno. */
int container_processes_program(pid_t pid, struct program_identity *program);

#endif
