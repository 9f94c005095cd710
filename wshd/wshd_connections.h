/* SPDX-License-Identifier: Apache-2.0 */
/* The connections to wshd: handles their requests and sends them lists and ends of jobs. */
#ifndef WSHD_WSHD_CONNECTIONS_H
#define WSHD_WSHD_CONNECTIONS_H

#include "wshd/wshd.h"

/* Accepts a connection; the `ready` handler of the listening socket. */
void wshd_connections_accept(struct wshd *wshd, struct wshd_source *listening, uint32_t events);

/* Sends each connection the messages that it has not got yet, as far as its socket takes them. */
void wshd_connections_report(struct wshd *wshd);

/* Sends again what failed for a temporary reason (wshd->retry). */
void wshd_connections_retry(struct wshd *wshd);

/* wshd has no children any more: answers the connections that wait for that (WSHD_STOP). */
void wshd_connections_report_empty(struct wshd *wshd);

#endif
