/* SPDX-License-Identifier: Apache-2.0 */
/* Ends every process but wshd and the keepers. */
#ifndef WSHD_WSHD_STOP_H
#define WSHD_WSHD_STOP_H

#include "wshd/wshd.h"

/* Sends `signal` to all of them; SIGKILL is repeated until none is left. */
void wshd_stop_begin(struct wshd *wshd, int signal);

/* Goes on with killing: how long the loop may wait until it is to be called again, in
 * milliseconds; -1: for ever. */
int wshd_stop_continue(struct wshd *wshd);

/* All children that have ended are reaped; tells who waits when none is left. */
void wshd_stop_reap(struct wshd *wshd);

#endif
