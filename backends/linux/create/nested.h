/* SPDX-License-Identifier: Apache-2.0 */
/* Containers that may run a warden of their own (server.allow_nested_warden). They have no user
 * namespace, no masks and more capabilities: their root is the host's. */
#ifndef BACKENDS_LINUX_CREATE_NESTED_H
#define BACKENDS_LINUX_CREATE_NESTED_H

#include "backends/linux/create/setup.h"

/* Mounts the container's own control groups below /tmp/warden/cgroup, each controller of v1 under
 * its name, v2 as `unified`. Nothing for a container that is not nested. */
int nested_attach(struct setup *setup, struct warden_error *err);

/* The capabilities, of those that jobs may not have, that a warden needs. */
uint64_t nested_capabilities(void);

#endif
