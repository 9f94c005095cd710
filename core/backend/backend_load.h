/* SPDX-License-Identifier: Apache-2.0 */
/* Finds, loads and checks the module that holds the backend. Main thread only. */
#ifndef CORE_BACKEND_BACKEND_LOAD_H
#define CORE_BACKEND_BACKEND_LOAD_H

#include "warden/backend.h"

struct config;

/* A loaded module. */
struct backend_module {
	/* `own`, or NULL; valid until backend_unload. */
	const struct warden_container_klass *container_klass;
	/* The module's klass in this daemon's layout: what the module does not know is NULL or 0.
	 * Its options end with an entry whose name is NULL. */
	struct warden_container_klass own;
	struct warden_option *options; /* those of `own` */
	char *file;                    /* path of the module */
	void *handle;
};

/* Loads the module that server.container_klass names: a path (any value with a slash), or NAME.so
 * in the first directory of server.backend_path that has it. Runs only the module's constructors.
 * On failure returns NULL, and `err` names the file and what is wrong with it. The caller unloads
 * it. */
struct backend_module *backend_load(const struct config *config, struct warden_error *err);

/* Unloads and frees the module; NULL is allowed. */
void backend_unload(struct backend_module *module);

#endif
