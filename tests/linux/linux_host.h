/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the programs that test single parts of the linux backend: a host that records its log,
 * identities of containers, and functions that run in a child. */
#ifndef TESTS_LINUX_HOST_H
#define TESTS_LINUX_HOST_H

#include "warden/backend.h"

/* Change settings before a part is set up with the host. */
extern struct warden_settings linux_settings;
extern struct warden_host linux_host;

/* The value of every integer option. */
extern int64_t linux_host_integer;

/* Whether a line with this text was logged since the last call of linux_host_forget, which clears
 * the log. */
bool linux_host_logged(const char *text);
void linux_host_forget(void);

/* Identity of a container: its id and /30 are derived from the number, 0 to 4095. The strings stay
 * valid. */
struct warden_identity linux_host_identity(unsigned number);

/* Exits with 77 unless the program runs as root. */
void linux_host_require_root(void);

/* Runs a function in a child, in the network namespace `netns_fd` (-1: the current one). Returns
 * its result, 0 to 255, or -1 if it was killed, which happens after a minute. */
int linux_host_run_in(int netns_fd, int (*run)(void *data), void *data);

/* The same without waiting for the end. Returns the pid, for linux_host_kill, once the function has
 * written a byte to ready_fd. */
pid_t linux_host_start_in(int netns_fd, int (*run)(int ready_fd, void *data), void *data);
void linux_host_kill(pid_t pid);

/* Milliseconds of the monotonic clock. */
int64_t linux_host_now_ms(void);

#endif
