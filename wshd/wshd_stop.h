/* SPDX-License-Identifier: Apache-2.0 */
/* Ends all processes of the container except wshd and the keepers. */
#ifndef WSHD_WSHD_STOP_H
#define WSHD_WSHD_STOP_H

#include "wshd/wshd.h"

/* Sends `signal` to all of them. SIGKILL is repeated until no process is left. */
void wshd_stop_begin(struct wshd *wshd, int signal);

/* Kills the children of wshd that no keeper keeps, and all below them, until none is left: a keeper
 * was killed, and what was its job's cannot be told from what outlives another. */
void wshd_stop_kill_orphans(struct wshd *wshd);

/* Does the next round of SIGKILL, if one is due. Returns how many milliseconds the event loop may
 * wait before it calls this again; -1: no limit. */
int wshd_stop_continue(struct wshd *wshd);

/* Reaps all children that have ended. If none is left, answers the connections that wait for that,
 * or exits (wshd->ending). */
void wshd_stop_reap(struct wshd *wshd);

/* Whether process 1 of /proc (proc_fd) has WSHD_STOP_MARK pending: a stop forbids forks. */
bool wshd_stop_is_marked(int proc_fd);

#endif
