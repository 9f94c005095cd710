/* SPDX-License-Identifier: Apache-2.0 */
/* A job's first process, from its fork to its exec. */
#ifndef WSHD_KEEPER_JOB_PROCESS_H
#define WSHD_KEEPER_JOB_PROCESS_H

#include "wshd/keeper/keeper.h"
#include "wshd/pty.h"

/* Becomes what is to be started; the descriptors are arranged as in enum keeper_fd. Why that failed
 * is written to `error_fd`. */
void job_process_run(const struct wshd *wshd, const struct keeper_start *start,
		     const struct pty *terminal, int error_fd) __attribute__((noreturn));

#endif
