/* SPDX-License-Identifier: Apache-2.0 */
/* Loads libmicrohttpd; see http_library.h. */
#include <config.h>

#include "core/health/http_library.h"

#include "lib/shared_library.h"

const struct http_library *http_library_load(struct warden_error *err)
{
	/* The ABI of libmicrohttpd 0.9 and 1.0, which <microhttpd.h> declares. */
	static const char *const sonames[] = {"libmicrohttpd.so.12", NULL};
	static struct http_library library;
	/* POSIX lets dlsym's result be a function. */
	const struct shared_library_function functions[] = {
#define X(name) {"MHD_" #name, (void **)&library.name},
		HTTP_FUNCTIONS(X)
#undef X
	};
	struct warden_error reason;

	if (shared_library_load(sonames, functions, sizeof(functions) / sizeof(functions[0]),
				&reason) == 0)
		return &library;
	warden_error_set(
		err, "health_check_server.port: %s; install the library, or set the port to 0: off",
		reason.message);
	return NULL;
}
