/* SPDX-License-Identifier: Apache-2.0 */
/* A backend's module, loaded as the daemon loads it, and a host that remembers what it is told. */
#ifndef TESTS_UNIT_WSHD_BACKEND_CASE_H
#define TESTS_UNIT_WSHD_BACKEND_CASE_H

#include "warden/backend.h"

enum told { TOLD_JOB_ENDED = 1, TOLD_EMPTY, TOLD_OOM, TOLD_INIT_DIED, TOLD_GONE };

struct backend_case {
	const struct warden_container_klass *container_klass;
	void *backend;
};

/* Values of the backend's options, until the next case. */
void option_text(const char *name, const char *value);
void option_number(const char *name, int64_t value);
void option_texts(const char *name, const char *const *values);

/* Loads and sets up; `path` of the module. */
struct backend_case backend_begin(const char *path);
/* As a daemon that ends. */
void backend_end(struct backend_case *backend);

/* A container's directory below unit_directory, as the core makes it. */
struct warden_identity identity_make(const char *id);

/* Starts a job; the read ends come back in the struct, all else is closed. */
struct warden_spawn job_start(const struct backend_case *backend, void *container, uint32_t id,
			      const char *script);

/* Reads to the end, closes, and returns a text that is valid until the next call. */
const char *job_read(int fd);

/* Whether that was told within 10 s; it is then forgotten. `end` may be NULL. */
bool was_told(enum told what, const char *id, uint32_t job_id, struct warden_job_end *end);

/* Whether nothing was told that nobody has asked for. */
bool nothing_was_told(void);

#endif
