/* SPDX-License-Identifier: Apache-2.0 */
/* Which processes of the container the kernel kills first when memory has run out: the jobs with
 * their keepers, and wshd last. wshd may raise its own score and lower it again to what it had at
 * its start; a keeper inherits the raised one. A job can lower its own too, but no further than to
 * what the host's root has set, that of wshd: at worst it is level with process 1 of its own
 * container. */
#ifndef WSHD_JOB_SCORE_H
#define WSHD_JOB_SCORE_H

#include "wshd/wshd.h"

/* Reads the score of wshd. False and errno. */
bool job_score_init(struct wshd *wshd);

/* Sets the score of wshd to that of jobs, before the fork of a keeper, and back after it. Neither
 * changes errno. */
void job_score_raise(const struct wshd *wshd);
void job_score_restore(const struct wshd *wshd);

#endif
