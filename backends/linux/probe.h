/* SPDX-License-Identifier: Apache-2.0 */
/* Whether this machine lets the backend do what it does for each container, found out by trying
 * before the first one. */
#ifndef LINUX_PROBE_H
#define LINUX_PROBE_H

#include "warden/backend.h"

/* Fails with what is missing and what can be done about it. To be called while the caller has one
 * thread. */
int probe_host(const struct warden_host *host, struct warden_error *err);

#endif
