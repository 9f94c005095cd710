/* SPDX-License-Identifier: Apache-2.0 */
/* A job's first process, from its fork to its exec. */
#ifndef WSHD_KEEPER_JOB_PROCESS_H
#define WSHD_KEEPER_JOB_PROCESS_H

#include "wshd/keeper/keeper.h"
#include "wshd/pty.h"

/* Sets up the process and executes the command; descriptors are as in enum keeper_fd. On failure
 * writes the reason to `error_fd` and exits with 255. */
void job_process_run(const struct wshd *wshd, const struct keeper_start *start,
		     const struct pty *terminal, int error_fd) __attribute__((noreturn));

#endif
