/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log: a line for each request that changes something, with who asked for what and the
 * result. A worker writes the lines; while it is slow they wait in a buffer, and those that do not
 * fit are counted. Loop thread only. */
#ifndef CORE_AUDIT_H
#define CORE_AUDIT_H

#include <sys/types.h>
#include <uv.h>

enum { AUDIT_BUFFER = 262144 };

struct audit;

/* What happened. The texts come from clients. */
struct audit_entry {
	uid_t uid;
	pid_t pid;
	const char *request;
	const char *handle; /* may have no end; see handle_length */
	size_t handle_length;
	const char *result;
};

/* `write` writes whole lines, on a worker: log_write_audit, or a test's. NULL: no memory. */
struct audit *audit_new(uv_loop_t *loop, void (*write)(const char *lines, size_t length));

/* Adds a line; NULL: the log is off. */
void audit_add(struct audit *audit, const struct audit_entry *entry);

/* Writes what is left. The loop must not run any more. */
void audit_free(struct audit *audit);

#endif
