/* SPDX-License-Identifier: Apache-2.0 */
/* Containers that may run a warden (server.allow_nested_warden). They have no user namespace, no
 * masks and more capabilities: root in them is root of the host. */
#ifndef BACKENDS_LINUX_CREATE_NESTED_H
#define BACKENDS_LINUX_CREATE_NESTED_H

#include "backends/linux/create/setup.h"

/* Mounts the container's own cgroups below /tmp/warden/cgroup: each v1 controller under its name,
 * v2 as `unified`. Does nothing for a container that is not nested. */
int nested_attach(struct setup *setup, struct warden_error *err);

/* The capabilities that a warden needs and that jobs of other containers may not have. */
uint64_t nested_capabilities(void);

#endif
