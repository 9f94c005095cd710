/* SPDX-License-Identifier: Apache-2.0 */
/* Programs of the operator that run while a container is created (hooks.* of warden.conf(5)): on
 * the host, as the daemon's user. The caller waits for them, so it must not be a worker. */
#ifndef BACKENDS_LINUX_CREATE_HOOKS_H
#define BACKENDS_LINUX_CREATE_HOOKS_H

#include "backends/linux/linux.h"

enum hook {
	HOOK_PARENT_BEFORE_CLONE,
	HOOK_PARENT_AFTER_CLONE,
	HOOK_CHILD_BEFORE_PIVOT,
	HOOK_CHILD_AFTER_PIVOT,
};

/* Whether any hook, or this one, is configured. */
bool hooks_any(const struct warden_settings *settings);
bool hooks_has(const struct warden_settings *settings, enum hook hook);

/* Runs a hook and waits for its end, at most 10 s; returns 0 if it is not configured. Its
 * environment holds the lines of the container's etc/config, the container's directory as
 * `container_path`, PATH, and PID if `pid` is not 0 (the container's first process). On failure
 * returns -1 with the hook's standard error in `err`. */
int hooks_run(const struct warden_host *host, enum hook hook,
	      const struct warden_identity *identity, pid_t pid, struct warden_error *err);

#endif
