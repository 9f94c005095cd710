/* SPDX-License-Identifier: Apache-2.0 */
/* Checks, before the first container, that this machine supports what the backend does for each. */
#ifndef BACKENDS_LINUX_HOST_HOST_PROBE_H
#define BACKENDS_LINUX_HOST_HOST_PROBE_H

#include "backends/linux/host/host_report.h"
#include "warden/backend.h"

/* Runs all checks. Fails with the first missing feature and its remedy in `err`. Sets `*union_kind`
 * to how layers are joined (enum union_kind). Call it while the process has one thread. */
int host_probe(const struct warden_host *host, int *union_kind, struct warden_error *err);

/* Reports a fact for each check. If `works` is set, the backend runs already: nothing is checked
 * and every fact is good. Else returns -1 and sets `err` to the first missing feature if the
 * backend cannot run. */
int host_probe_describe(const struct host_report *to, bool works, struct warden_error *err);

#endif
