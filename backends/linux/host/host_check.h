/* SPDX-License-Identifier: Apache-2.0 */
/* Finds what setup would refuse besides what host_probe.h tries, without any effect on the host,
 * for `wardend --check-config` and `--check-host`. */
#ifndef BACKENDS_LINUX_HOST_HOST_CHECK_H
#define BACKENDS_LINUX_HOST_HOST_CHECK_H

#include "warden/backend.h"

/* Fails if an option has a value that setup refuses; the text begins with the option. */
int host_check(const struct warden_host *host, struct warden_error *err);

/* Fails if links, forwarding or the firewall cannot be set up. Needs root. */
int host_check_network(struct warden_error *err);

#endif
