/* SPDX-License-Identifier: Apache-2.0 */
/* `wardend --check-host`: what this host offers each installed backend, without a daemon. */
#ifndef CORE_BACKEND_CHECK_HOST_H
#define CORE_BACKEND_CHECK_HOST_H

#include <stdio.h>

#include "warden/backend.h"

/* Prints one JSON object in a line:
 *
 *	{"version": TEXT, "settings": FILE or null, "error": TEXT or null, "backends": [
 *	  {"name": TEXT, "description": TEXT, "in_effect": BOOL, "error": TEXT or null, "facts": [
 *	    {"name": TEXT, "value": TEXT, "good": BOOL, "effect": TEXT or null, "remedy": TEXT or
 *null}]}]}
 *
 * The first `error` is that of the settings, which then are the built-in ones; a backend's is why
 *it cannot run. Fails only where that cannot be printed. */
int check_host_run(const char *settings_file, FILE *to, struct warden_error *err);

#endif
