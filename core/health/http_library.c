/* SPDX-License-Identifier: Apache-2.0 */
/* Loads libmicrohttpd; see http_library.h. */
#include <config.h>

#include "core/health/http_library.h"

#include <dlfcn.h>

/* The ABI of libmicrohttpd 0.9 and 1.0, which <microhttpd.h> declares. */
#define SONAME "libmicrohttpd.so.12"

static struct http_library library;

/* The pointer that holds a function of the library. POSIX lets dlsym's result be a function. */
struct http_library_slot {
	const char *name;
	void **function;
};

static int http_library_find_functions(void *handle, struct warden_error *err)
{
	const struct http_library_slot slots[] = {
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
	return http_library_find_functions(handle, err) == 0 ? &library : NULL;
}
