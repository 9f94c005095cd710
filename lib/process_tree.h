/* SPDX-License-Identifier: Apache-2.0 */
/* Finds and signals the descendants of a process, read from /proc. A signal to a process group
 * misses processes that have left it; none can leave the tree below a subreaper. */
#ifndef LIB_PROCESS_TREE_H
#define LIB_PROCESS_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Returns whether a child of the root, and all processes below it, are skipped. */
typedef bool process_tree_skip(pid_t child, const void *data);

/* Sends `signal` to every living descendant of the process `root`, except those that `skip` (may be
 * NULL) excludes. `proc_fd` is /proc, opened before any job ran. Returns how many processes there
 * were, or -1 and errno. */
int process_tree_signal(int proc_fd, pid_t root, int signal, process_tree_skip *skip,
			const void *data);

/* As process_tree_signal, but stops all processes first, so that all receive the signal at one
 * instant. Otherwise a child that is born meanwhile would miss the signal, while one that is born
 * after its parent has handled it should not receive it. */
int process_tree_stop(int proc_fd, pid_t root, int signal, process_tree_skip *skip,
		      const void *data);

/* Kills all of them once; the caller repeats it until none is left. `round` counts from 0. From the
 * third round on it stops them first, so that a fork bomb cannot outrun it. */
int process_tree_kill(int proc_fd, pid_t root, unsigned round, process_tree_skip *skip,
		      const void *data);

/* The cpu time in microseconds of all descendants that live or wait to be reaped, and of those that
 * they have reaped, which is exact to a tick. `running`: how many run or wait for a cpu. */
uint64_t process_tree_cpu_us(int proc_fd, pid_t root, unsigned *running);

/* Stops all descendants and calls `then`. If that returns false, continues those that it
 * stopped. */
void process_tree_hold(int proc_fd, pid_t root, bool (*then)(void *data), void *data);

/* How long to wait after that round for the killed processes to end, in milliseconds. */
int process_tree_pause(unsigned round);

#endif
