/* SPDX-License-Identifier: Apache-2.0 */
/* Who a container's first process is, written down for the next daemon. */
#ifndef LIB_PID_RECORD_H
#define LIB_PID_RECORD_H

#include <sys/types.h>

#include "warden/error.h"

/* Writes run/wshd.pid, and beside it what tells the process from another of the same number:
 * run/wshd.start. `pidfd` is the process. */
int pid_record_write(int directory_fd, pid_t pid, int pidfd, struct warden_error *err);

/* Takes that back; what is not there is no failure. */
void pid_record_remove(int directory_fd);

/* A descriptor (pidfd) of the process that is written down, if it lives; else -1, and `*pid` is 0.
 */
int pid_record_open(int directory_fd, pid_t *pid);

#endif
