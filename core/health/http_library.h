/* SPDX-License-Identifier: Apache-2.0 */
/* libmicrohttpd. It is loaded only if a port is configured: it pulls in GnuTLS, which doubles the
 * daemon's memory. It is loaded after the backend's helpers were forked, so they never have it. */
#ifndef CORE_HEALTH_HTTP_LIBRARY_H
#define CORE_HEALTH_HTTP_LIBRARY_H

#include <microhttpd.h>

#include "warden/backend.h"

/* The library's functions that the daemon uses, without their prefix. */
#define HTTP_FUNCTIONS(X)                                                                          \
	X(start_daemon)                                                                            \
	X(stop_daemon)                                                                             \
	X(get_daemon_info)                                                                         \
	X(get_connection_info)                                                                     \
	X(run)                                                                                     \
	X(get_timeout)                                                                             \
	X(suspend_connection)                                                                      \
	X(resume_connection)                                                                       \
	X(create_response_from_buffer)                                                             \
	X(create_response_from_callback)                                                           \
	X(add_response_header)                                                                     \
	X(queue_response)                                                                          \
	X(destroy_response)

struct http_library {
#define X(name) __typeof__(MHD_##name) *(name);
	HTTP_FUNCTIONS(X)
#undef X
};

/* Loads the library, which stays loaded. NULL and `err` if it is missing or too old. */
const struct http_library *http_library_load(struct warden_error *err);

#endif
