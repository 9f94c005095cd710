/* SPDX-License-Identifier: Apache-2.0 */
/* The connections to wshd: what they ask for, and what they have still to be told. */
#ifndef WSHD_WSHD_CONNECTIONS_H
#define WSHD_WSHD_CONNECTIONS_H

#include "wshd/wshd.h"

/* Takes the next connection from the listening socket. */
void wshd_connections_accept(struct wshd *wshd, struct wshd_source *listening, uint32_t events);

/* Something changed: tells each connection what it does not know yet, as far as it takes it. */
void wshd_connections_report(struct wshd *wshd);

/* Tries again what failed for want of something that comes back. */
void wshd_connections_retry(struct wshd *wshd);

/* No process but wshd and its keepers is left: answers those that wait for it. */
void wshd_connections_report_empty(struct wshd *wshd);

#endif
