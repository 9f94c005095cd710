/* SPDX-License-Identifier: Apache-2.0 */
/* Programs of the operator that run while a container is made (hooks.* of warden.conf(5)): on the
 * host, with its files and the daemon's identity. The caller waits for them, so they never run on a
 * worker thread. */
#ifndef BACKENDS_LINUX_CREATE_HOOKS_H
#define BACKENDS_LINUX_CREATE_HOOKS_H

#include "backends/linux/linux.h"

enum hook {
	HOOK_PARENT_BEFORE_CLONE,
	HOOK_PARENT_AFTER_CLONE,
	HOOK_CHILD_BEFORE_PIVOT,
	HOOK_CHILD_AFTER_PIVOT,
};

/* Whether any hook, or this hook, is configured. */
bool hooks_any(const struct warden_settings *settings);
bool hooks_has(const struct warden_settings *settings, enum hook hook);

/* Runs a hook and waits for its exit, at most 10 s; returns 0 if it is not configured. Its
 * environment consists of the variables in the container's etc/config, the container's directory as
 * `container_path`, PATH, and PID, the container's first process (not set if `pid` is 0). If the
 * hook fails returns -1; `err` includes what it wrote to its standard error. */
int hooks_run(const struct warden_host *host, enum hook hook,
	      const struct warden_identity *identity, pid_t pid, struct warden_error *err);

#endif
