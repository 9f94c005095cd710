/* SPDX-License-Identifier: Apache-2.0 */
/* Programs of the operator's that run while a container is made (hooks.* of warden.conf(5)): on the
 * host, with its files and the daemon's identity. They are waited for, so never on a worker. */
#ifndef BACKENDS_LINUX_CREATE_HOOKS_H
#define BACKENDS_LINUX_CREATE_HOOKS_H

#include "backends/linux/linux.h"

enum hook {
	HOOK_PARENT_BEFORE_CLONE,
	HOOK_PARENT_AFTER_CLONE,
	HOOK_CHILD_BEFORE_PIVOT,
	HOOK_CHILD_AFTER_PIVOT,
};

/* Whether any is configured, or that one. */
bool hooks_any(const struct warden_settings *settings);
bool hooks_has(const struct warden_settings *settings, enum hook hook);

/* Runs one and waits for its end, 10 s at most; none is configured: nothing. Its environment is
 * what the container's etc/config holds, its directory as `container_path`, PATH, and PID, the
 * container's first process (0: there is none yet). -1 and `err`: it failed, with what it wrote to
 * its standard error. */
int hooks_run(const struct warden_host *host, enum hook hook,
	      const struct warden_identity *identity, pid_t pid, struct warden_error *err);

#endif
