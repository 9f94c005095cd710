/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs that test parts of the linux backend by themselves share: a host that remembers
 * its log, identities of containers, and functions that run elsewhere. */
#ifndef TESTS_LINUX_HOST_H
#define TESTS_LINUX_HOST_H

#include "warden/backend.h"

/* Settings are to be changed before a part is set up with the host. */
extern struct warden_settings linux_settings;
extern struct warden_host linux_host;

/* The value of every integer option. */
extern int64_t linux_host_integer;

/* Whether a line with this text was logged since the last call of linux_host_forget. */
bool linux_host_logged(const char *text);
void linux_host_forget(void);

/* A container: its id and /30 follow from the number, 0 to 4095. The strings stay valid. */
struct warden_identity linux_host_identity(unsigned number);

/* Ends the program with 77 unless it is root's. */
void linux_host_require_root(void);

/* Runs a function in a child, in the network namespace `netns_fd` (-1: the own one); what it
 * returns, 0 to 255, or -1 when it was killed. A minute later it is. */
int linux_host_run_in(int netns_fd, int (*run)(void *data), void *data);

/* The same without waiting: its pid, to be ended with linux_host_kill. It has begun when this
 * returns, or rather when it has written a byte to ready_fd. */
pid_t linux_host_start_in(int netns_fd, int (*run)(int ready_fd, void *data), void *data);
void linux_host_kill(pid_t pid);

/* Milliseconds of a clock that only goes forward. */
int64_t linux_host_now_ms(void);

#endif
