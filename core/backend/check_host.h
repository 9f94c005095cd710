/* SPDX-License-Identifier: Apache-2.0 */
/* `wardend --check-host`: reports what this host offers each installed backend; needs no daemon. */
#ifndef CORE_BACKEND_CHECK_HOST_H
#define CORE_BACKEND_CHECK_HOST_H

#include <stdio.h>

#include "warden/backend.h"

struct config;

/* Prints one JSON object on one line:
 *
 *	{"version": TEXT, "settings": FILE or null, "error": TEXT or null, "backends": [
 *	  {"name": TEXT, "description": TEXT, "in_effect": BOOL, "error": TEXT or null, "facts": [
 *	    {"name": TEXT, "value": TEXT, "good": BOOL, "effect": TEXT or null,
 *	     "remedy": TEXT or null}]}]}
 *
 * The first `error` says why the settings file is wrong; the built-in settings are then used. The
 * `error` of a backend says why it cannot run. Fails only if not even the built-in settings load or
 * the report cannot be printed. */
int check_host_run(const char *settings_file, FILE *to, struct warden_error *err);

/* For --check-config, after config_check_backend: fails with what the backend's setup would refuse,
 * as its `describe` reports it. Leaves nothing behind. */
int check_host_check_config(struct config *config,
			    const struct warden_container_klass *container_klass,
			    struct warden_error *err);

#endif
