/* SPDX-License-Identifier: Apache-2.0 */
/* Probes whether this host lets the backend do what each container needs, before the first
 * container is made. */
#ifndef BACKENDS_LINUX_HOST_HOST_PROBE_H
#define BACKENDS_LINUX_HOST_HOST_PROBE_H

#include "backends/linux/host/host_report.h"
#include "warden/backend.h"

/* Fails with what is missing and its remedy. Sets `*union_kind` to the way to join layers (enum
 * union_kind). Call it while the caller has one thread. */
int host_probe(const struct warden_host *host, int *union_kind, struct warden_error *err);

/* Reports each check. If `works` is set the backend runs already: all are reported as working and
 * none is run. Returns -1 and the first failure in `err` if the backend cannot run. */
int host_probe_describe(const struct host_report *to, bool works, struct warden_error *err);

#endif
