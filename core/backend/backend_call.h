/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of a backend's operations. Every call of the core goes through these macros, so that the
 * daemon knows which operation runs on which thread: a crash inside the module is reported with the
 * module's name, and an operation that blocks or fails without a message is named in the log. */
#ifndef CORE_BACKEND_BACKEND_CALL_H
#define CORE_BACKEND_BACKEND_CALL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "warden/backend.h"

enum {
	/* An operation that runs for longer is logged; include/warden/backend.h names the limit. */
	BACKEND_CALL_SLOW_MS = 10000,
	/* How often a caller of backend_call_log_slow calls it. */
	BACKEND_CALL_CHECK_MS = 5000,
};

/* A call that runs; on the stack of its thread. */
struct backend_call {
	const struct warden_container_klass *container_klass;
	const char *operation;      /* its name in struct warden_container_klass */
	const char *id;             /* of the container; NULL: none */
	struct warden_error *err;   /* NULL: the operation cannot fail */
	uint64_t start_ms;          /* CLOCK_MONOTONIC */
	struct backend_call *outer; /* of the same thread; NULL: none */
	bool logged;                /* as slow, while it runs */
	LIST_ENTRY(backend_call) link;
};

/* Calls `operation` of the klass with the arguments and `err`, and returns its result. `id` is the
 * container's, or NULL. Empties `err` first; if the operation fails and has left it empty, fills in
 * that it failed without a message. The operation must not be NULL. Any thread. */
#define BACKEND_CALL(container_klass, id, operation, err, ...)                                     \
	__extension__({                                                                            \
		struct backend_call call_;                                                         \
		backend_call_begin(&call_, container_klass, id, #operation, err);                  \
		backend_call_end(&call_, (container_klass)->operation(__VA_ARGS__, err));          \
	})

/* As BACKEND_CALL, for an operation that returns nothing. */
#define BACKEND_CALL_VOID(container_klass, id, operation, ...)                                     \
	__extension__({                                                                            \
		struct backend_call call_;                                                         \
		backend_call_begin(&call_, container_klass, id, #operation, NULL);                 \
		(container_klass)->operation(__VA_ARGS__);                                         \
		(void)backend_call_end(&call_, 0);                                                 \
	})

/* For the macros. backend_call_end returns `result`. */
void backend_call_begin(struct backend_call *call,
			const struct warden_container_klass *container_klass, const char *id,
			const char *operation, struct warden_error *err);
int backend_call_end(struct backend_call *call, int result);

/* Logs each call that has been running for more than BACKEND_CALL_SLOW_MS, once; its return is
 * logged too. Any thread. */
void backend_call_log_slow(void);

/* Installs the handler of SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT. If the thread runs an
 * operation, it reports `module` (a path), the operation and the container in the log file and on
 * stderr; then the signal has its previous effect. Call it once, after log_open, on the main
 * thread. */
int backend_call_watch_crashes(const char *module, struct warden_error *err);

#endif
