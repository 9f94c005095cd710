/* SPDX-License-Identifier: Apache-2.0 */
/* Loads libmicrohttpd; see http_library.h. */
#include <config.h>

#include "core/health/http_library.h"

#include <dlfcn.h>

/* The interface that <microhttpd.h> describes, in 0.9 and 1.0. */
#define SONAME "libmicrohttpd.so.12"

static struct http_library library;

/* Where a function of the library's goes; POSIX has dlsym's result be one. */
struct slot {
	const char *name;
	void **function;
};

static int find_all(void *handle, struct warden_error *err)
{
	const struct slot slots[] = {
#define X(name) {"MHD_" #name, (void **)&library.name},
		HTTP_FUNCTIONS(X)
#undef X
	};

	for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
		*slots[i].function = dlsym(handle, slots[i].name);
		if (!*slots[i].function)
			return warden_error_set(err, "health_check_server.port: %s has no %s",
						SONAME, slots[i].name);
	}
	return 0;
}

const struct http_library *http_library_load(struct warden_error *err)
{
	void *handle = dlopen(SONAME, RTLD_NOW | RTLD_LOCAL);

	if (!handle) {
		warden_error_set(err,
				 "health_check_server.port: %s; install the library, or set the "
				 "port to 0: off",
				 dlerror());
		return NULL;
	}
	return find_all(handle, err) == 0 ? &library : NULL;
}
