/* SPDX-License-Identifier: Apache-2.0 */
/* Who descends from whom, read from /proc. A signal to a process group misses whoever has left it;
 * the tree below a subreaper is what nobody can leave. */
#ifndef LIB_PROCESS_TREE_H
#define LIB_PROCESS_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Tells whether a child of the root, and all below it, is to be left alone. */
typedef bool process_tree_skip(pid_t child, const void *data);

/* Sends `signal` to every living descendant of the process `root` but those that `skip` (may be
 * NULL) takes out. `proc_fd` is /proc as it was before any job ran. Returns how many there were, or
 * -1 and errno. */
int process_tree_signal(int proc_fd, pid_t root, int signal, process_tree_skip *skip,
			const void *data);

/* Likewise, but of all at one instant: while they are stopped. Else one that is born at that time
 * would miss it, and one that is born later, while another handles it, would not. */
int process_tree_stop(int proc_fd, pid_t root, int signal, process_tree_skip *skip,
		      const void *data);

/* One round of killing them all, to be repeated until none is left; `round` counts from 0. From the
 * third round on it stops them first, so that a fork bomb does not outrun it. */
int process_tree_kill(int proc_fd, pid_t root, unsigned round, process_tree_skip *skip,
		      const void *data);

/* The cpu time, in microseconds, of all descendants that live or wait to be reaped, and of those
 * that they have reaped: all to a tick.
 * `running`: how many run, or wait for a cpu. */
uint64_t process_tree_cpu_us(int proc_fd, pid_t root, unsigned *running);

/* Stops them all, calls `then`, and lets those that it has stopped go on unless that returns true.
 */
void process_tree_hold(int proc_fd, pid_t root, bool (*then)(void *data), void *data);

/* How long to wait after that round for what it killed, in milliseconds. */
int process_tree_pause(unsigned round);

#endif
