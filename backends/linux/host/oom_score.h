/* SPDX-License-Identifier: Apache-2.0 */
/* Which processes the kernel kills first when memory has run out (/proc/PID/oom_score_adj): jobs of
 * containers, then their process 1, and last the daemon with its helpers. */
#ifndef BACKENDS_LINUX_HOST_OOM_SCORE_H
#define BACKENDS_LINUX_HOST_OOM_SCORE_H

#include "backends/linux/host/host_report.h"

/* Lowers the daemon's own score, which helpers inherit, if it may. Returns the score of process 1
 * of containers, which is higher. */
int oom_score_protect(void);

/* The score of the jobs of a container whose process 1 has `score`. */
int oom_score_of_jobs(int score);

/* Sets the score of the calling process, which its children inherit. */
int oom_score_set(int score, struct warden_error *err);

void oom_score_describe(const struct host_report *to);

#endif
