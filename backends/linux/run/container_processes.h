/* SPDX-License-Identifier: Apache-2.0 */
/* Finds and signals the processes of a container, except its own (init and keepers). A reused pid
 * is never signalled. */
#ifndef BACKENDS_LINUX_RUN_CONTAINER_PROCESSES_H
#define BACKENDS_LINUX_RUN_CONTAINER_PROCESSES_H

#include <sys/types.h>

#include "warden/backend.h"

struct linux_container;

/* Number of processes that can be waited for at a time. */
enum { PROCESSES_MAX = 64 };

/* Processes found: up to PROCESSES_MAX pidfds, closed by container_processes_close. */
struct container_processes {
	int fds[PROCESSES_MAX];
	size_t n;
	bool seen; /* a process was found, although it may have exited since and left children */
};

/* Identifies an executable file. */
struct program_identity {
	dev_t device;
	ino_t inode; /* 0: unknown */
};

/* Finds the processes that are not the container's own, and sends `signal` to each; 0 sends none.
 */
int container_processes_signal(const struct linux_container *container, int signal,
			       struct container_processes *found, struct warden_error *err);

/* Kills all processes in the container's cgroups, including its own. */
void container_processes_kill_all(const struct linux_container *container);

/* Writes which processes are left, for people: their pids, or "processes" if they cannot be read.
 */
void container_processes_describe(const struct linux_container *container, char *text, size_t size);

/* Closes the pidfds; may be called again. */
void container_processes_close(struct container_processes *processes);

/* Reads which file a process executes. Returns 0, or -1 with errno. */
int container_processes_program(pid_t pid, struct program_identity *program);

#endif
