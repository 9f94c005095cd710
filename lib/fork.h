/* SPDX-License-Identifier: Apache-2.0 */
/* Forks for the spawner and what comes after it. */
#ifndef LIB_FORK_H
#define LIB_FORK_H

#include <stdint.h>
#include <sys/types.h>

/* As fork(2), for processes with one thread, but without the handlers that libraries of the daemon
 * have registered with pthread_atfork: those close and open descriptors by numbers that were
 * theirs in the daemon, and are anything here. */
pid_t fork_plainly(void);

/* The same with flags of clone3(2) and the signal that tells the parent of the end. `cgroup_fd` is
 * a group of v2 to be born in, or -1. */
pid_t fork_with(uint64_t flags, int exit_signal, int cgroup_fd);

#endif
