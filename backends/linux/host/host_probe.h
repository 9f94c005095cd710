/* SPDX-License-Identifier: Apache-2.0 */
/* Whether this machine lets the backend do what it does for each container, found out by trying
 * before the first one. */
#ifndef BACKENDS_LINUX_HOST_HOST_PROBE_H
#define BACKENDS_LINUX_HOST_HOST_PROBE_H

#include "backends/linux/host/host_report.h"
#include "warden/backend.h"

/* Fails with what is missing and what can be done about it; finds out how layers are joined (enum
 * union_kind). To be called while the caller has one thread. */
int host_probe(const struct warden_host *host, int *union_kind, struct warden_error *err);

/* Tells each thing that is tried; `works`: it is known to work, and nothing is tried. -1 and `err`,
 * the first thing that is missing, when the backend cannot run. */
int host_probe_describe(const struct host_report *to, bool works, struct warden_error *err);

#endif
