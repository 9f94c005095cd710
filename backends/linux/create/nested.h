/* SPDX-License-Identifier: Apache-2.0 */
/* Containers that may run their own warden (server.allow_nested_warden). They have no user
 * namespace, no masks and more capabilities: their root is the host's. */
#ifndef BACKENDS_LINUX_CREATE_NESTED_H
#define BACKENDS_LINUX_CREATE_NESTED_H

#include "backends/linux/create/setup.h"

/* Mounts the container's control groups below /tmp/warden/cgroup, each v1 controller under its
 * name, v2 as `unified`. Does nothing unless the container is nested. */
int nested_attach(struct setup *setup, struct warden_error *err);

/* The capabilities that a warden needs and ordinary jobs may not have. */
uint64_t nested_capabilities(void);

#endif
