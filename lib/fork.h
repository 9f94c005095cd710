/* SPDX-License-Identifier: Apache-2.0 */
/* Forks without the C library, for the spawner and its children. */
#ifndef LIB_FORK_H
#define LIB_FORK_H

#include <stdint.h>
#include <sys/types.h>

/* Forks a process that has one thread. Unlike fork(2) it skips pthread_atfork handlers: those of
 * the daemon's libraries close and open descriptors by their numbers in the daemon, which may be
 * other files in the child. */
pid_t fork_plainly(void);

/* As fork_plainly, with flags of clone3(2) and the signal that the parent receives when the child
 * ends. The child starts in the cgroup v2 group `cgroup_fd`, unless that is -1. */
pid_t fork_with(uint64_t flags, int exit_signal, int cgroup_fd);

#endif
